/* A program as C that runs its ops eagerly and as a graph. */
#include "random/print_parts.h"
#include "random/recorded.h"

/* In front of main(). */
static const char *const functions[] = {
    "/* The same bits; one NaN is another. */",
    "static void same(int run, int reg, eager_tensor *eager, eager_tensor *got) {",
    "  size_t size = eager_tensor_byte_size(eager), each;",
    "  char *a = malloc(size + 1), *b = malloc(size + 1), text[64];",
    "  eager_dtype dtype = eager_tensor_dtype(eager);",
    "  snprintf(text, sizeof text, \"r%d\", reg);",
    "  if (eager_tensor_dtype(got) != dtype || eager_tensor_byte_size(got) != size)",
    "    wrong(run, \"another dtype or size:\", text);",
    "  if (strcmp(eager_tensor_device(got), eager_tensor_device(eager)))",
    "    wrong(run, \"another device:\", text);",
    "  must(run, eager_tensor_to_host(eager, a, size));",
    "  must(run, eager_tensor_to_host(got, b, size));",
    "  each = eager_dtype_size(dtype);",
    "  for (size_t i = 0; i < size; i += each) {",
    "    double x = number(dtype, a + i), y = number(dtype, b + i);",
    "    if (!memcmp(a + i, b + i, each) || (x != x && y != y)) continue;",
    "    snprintf(text, sizeof text, \"r%d, element %zu\", reg, i / each);",
    "    wrong(run, \"from the graph another value:\", text);",
    "  }",
    "  free(a);",
    "  free(b);",
    "}",
    "",
    NULL,
};

typedef struct graph {
  rp_printer p;
  bool is_fed[RP_REGISTERS], is_there[RP_REGISTERS]; /* in the graph */
  int64_t open;
} graph;

static bool makes_values(rp_code code) {
  return code == RP_MAKE || code == RP_OP || code == RP_COPY || code == RP_PUSH ||
         code == RP_POP;
}

/* --- A step in the graph: r is s there --- */

static void put_placeholder(graph *g, int reg, bool all_open) {
  const rp_printer *p = &g->p;
  const rp_value *value = p->state.handles[reg].value;
  int64_t dims[EAGER__MAX_RANK];
  rp_placeholder_dims(p->program, g->open, reg, value, all_open, dims);
  rp_put(p, "  {\n");
  rp_put_list(p, "dims", dims, value->shape.rank);
  rp_put(p, "    must(%d, eager_graph_begin(graph));\n", p->step);
  rp_put(p, "    must(%d, eager_placeholder(%s, %d, dims, NULL, &s[%d]));\n", p->step,
         rp_dtype_names[value->dtype], value->shape.rank, reg);
  rp_put(p, "    must(%d, eager_graph_end());\n  }\n", p->step);
  g->is_fed[reg] = g->is_there[reg] = true;
}

static void put_recorded(graph *g, const rp_step *step, const rp_expect *expect) {
  const rp_printer *p = &g->p;
  rp_put(p, "  {\n    eager_tensor **r = s;\n    must(%d, eager_graph_begin(graph));\n",
         p->step);
  rp_put_step(p, step, expect);
  for (int i = 0; i < step->output_count && expect->status == EAGER_OK; i++) {
    rp_put(p, "    r[%d] = out[%d];\n", step->outputs[i], i);
    g->is_there[step->outputs[i]] = true;
  }
  rp_put(p, "    (void)r;\n    must(%d, eager_graph_end());\n  }\n", p->step);
}

/* What runs alone is fed. */
static void put_alone(graph *g, const rp_step *step, bool waits) {
  for (int i = 0; i < step->output_count; i++)
    put_placeholder(g, step->outputs[i], waits || g->open > 0);
}

static void put_copy(graph *g, const rp_step *step) {
  const rp_expect good = {0};
  rp_step identity = *step;
  if (!g->is_there[step->inputs[0]] ||
      !rp_copy_is_recorded(g->p.program, step->outputs[0])) {
    put_alone(g, step, false);
    return;
  }
  identity.code = RP_OP;
  identity.op = rp_op_named("Identity");
  identity.typed = false;
  put_recorded(g, &identity, &good);
}

static void put_make(graph *g, const rp_step *step, const rp_expect *expect) {
  int reg = step->outputs[0];
  rp_made how = rp_made_how(g->p.program, reg, g->p.state.handles[reg].value);
  if (how == RP_FED)
    put_placeholder(g, reg, false);
  else if (how == RP_IN_GRAPH)
    put_recorded(g, step, expect);
  else
    rp_put(&g->p, "  s[%d] = r[%d]; /* captured */\n", reg, reg);
}

/* The rank of what these give may be unknown: they would be refused. */
static bool needs_extents(const rp_step *step) {
  const char *name = rp_op_at(step->op)->name;
  return strcmp(name, "Squeeze") == 0 || strcmp(name, "GatherNd") == 0;
}

/* A refusal by shapes need not come when extents are open: then nothing is recorded. */
static void put_in_graph(graph *g, const rp_step *step, const rp_expect *expect) {
  if (step->code == RP_MAKE) put_make(g, step, expect);
  if (expect->status != EAGER_OK) return;
  if (step->code == RP_COPY) put_copy(g, step);
  if (step->code != RP_OP) return;
  if (rp_op_at(step->op)->waits || needs_extents(step))
    put_alone(g, step, true);
  else
    put_recorded(g, step, expect);
}

/* --- Runs --- */

static bool is_read(const rp_program *program, int reg) {
  for (int i = 0; i < program->step_count; i++)
    if (program->steps[i].code == RP_READ && program->steps[i].inputs[0] == reg)
      return true;
  return false;
}

static void put_registers(const graph *g, const char *name, bool fed, bool read_only) {
  rp_put(&g->p, "  static const int %s[] = {", name);
  for (int reg = 0; reg < RP_REGISTERS; reg++) {
    const rp_handle *h = &g->p.state.handles[reg];
    if (!h->is_made || !g->is_there[reg]) continue;
    bool wanted = fed ? g->is_fed[reg]
                      : h->failure_count == 0 && (!read_only || is_read(g->p.program, reg));
    if (wanted) rp_put(&g->p, "%d, ", reg);
  }
  rp_put(&g->p, "-1};\n");
}

static void put_runs(const graph *g) {
  const rp_printer *p = &g->p;
  put_registers(g, "fed", true, false);
  put_registers(g, "all", false, false);
  put_registers(g, "read", false, true);
  rp_put(p, "  eager_tensor *feeds[%d], *values[%d], *fetches[%d], *outputs[%d];\n",
         RP_REGISTERS, RP_REGISTERS, RP_REGISTERS, RP_REGISTERS);
  rp_put(p, "  for (int run = 1000; run < 1004; run++) {\n"
            "    const int *wanted = run %% 2 ? all : read;\n"
            "    size_t fed_count = 0, count = 0;\n"
            "    must(run, eager_set_thread_execution_mode(run < 1002 ? EAGER_ASYNC : "
            "EAGER_SYNC));\n"
            "    for (; fed[fed_count] >= 0; fed_count++) {\n"
            "      feeds[fed_count] = s[fed[fed_count]];\n"
            "      values[fed_count] = r[fed[fed_count]];\n"
            "    }\n"
            "    for (; wanted[count] >= 0; count++) fetches[count] = s[wanted[count]];\n"
            "    must(run, eager_session_run(session, feeds, values, fed_count, fetches, "
            "count, outputs));\n"
            "    for (size_t i = 0; i < count; i++) {\n"
            "      same(run, wanted[i], r[wanted[i]], outputs[i]);\n"
            "      eager_tensor_release(outputs[i]);\n"
            "    }\n"
            "  }\n");
  rp_put(p, "  eager_session_release(session);\n  eager_graph_release(graph);\n");
  rp_put(p, "  (void)!eager_synchronize(NULL);\n  must(0, eager_shutdown());\n");
  rp_put(p, "  puts(\"as expected\");\n  return 0;\n}\n");
}

void rp_print_graph_c(FILE *file, const rp_program *program, const rp_world *world,
                      const char *problem) {
  graph *g = calloc(1, sizeof *g);
  if (g == NULL) abort();
  rp_printer *p = &g->p;
  *p = (rp_printer){.file = file, .program = program, .world = world};
  rp_begin(&p->state, world);
  p->state.mode = EAGER_ASYNC;
  p->state.policy = rp_policy_of(program);
  g->open = rp_choose_open(program);
  rp_put_head(p, problem);
  for (int i = 0; functions[i] != NULL; i++) rp_put(p, "%s\n", functions[i]);
  rp_put(p, "int main(void) {\n");
  rp_put_enabling(p);
  rp_put(p,
         "  static eager_tensor *s[%d]; /* symbolic, or captured */\n"
         "  eager_graph *graph;\n  eager_session *session;\n"
         "  must(-1, eager_graph_new(&graph));\n"
         "  must(-1, eager_session_new(graph, NULL, &session));\n"
         "  must(-1, eager_set_thread_execution_mode(EAGER_ASYNC));\n"
         "  must(-1, eager_set_thread_device_policy((eager_device_policy)%d));\n",
         RP_REGISTERS, (int)p->state.policy);
  for (p->step = 0; p->step < program->step_count; p->step++) {
    rp_expect expect;
    const rp_step *step = &program->steps[p->step];
    if (!makes_values(step->code) || !rp_interpret(&p->state, step, &expect)) continue;
    rp_put(p, "  { /* %d: %s */\n", p->step, rp_step_text(step));
    rp_put_step(p, step, &expect);
    rp_put_outputs(p, step, &expect);
    rp_put(p, "  }\n");
    put_in_graph(g, step, &expect);
  }
  put_runs(g);
  rp_end(&p->state);
  free(g);
}
