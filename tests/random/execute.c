#include "random/execute.h"

#include <unistd.h>

#include "random/doors.h"
#include "random/interpret.h"

rp_counts rp_counted;

typedef struct runner {
  const rp_program *program;
  const rp_world *world;
  rp_state state;
  eager_tensor *registers[RP_REGISTERS];
  int at; /* step */
  char *problem;
  bool failed;
} runner;

static void wrong(runner *r, const char *format, ...) EAGER__PRINTF(2, 3);
static void wrong(runner *r, const char *format, ...) {
  if (r->failed) return;
  r->failed = true;
  const char *step =
      r->at < r->program->step_count ? rp_step_text(&r->program->steps[r->at]) : "the end";
  int used = snprintf(r->problem, RP_PROBLEM, "step %d, %s: ", r->at, step);
  va_list all;
  va_start(all, format);
  if (used < RP_PROBLEM)
    vsnprintf(r->problem + used, RP_PROBLEM - (size_t)used, format, all);
  va_end(all);
}

/* --- Answers --- */

static void check_text(runner *r, const rp_expect *expect) {
  const char *got = eager_error_message();
  for (int i = 0; i < expect->text_count; i++)
    if (rp_text_matches(expect->texts[i], got)) return;
  wrong(r, "the text is \"%s\" and not \"%s\"", got,
        expect->text_count > 0 ? expect->texts[0] : "");
}

static void check_status(runner *r, const rp_expect *expect, eager_status got) {
  if (expect->any_status || (expect->may_time_out && got == EAGER_DEADLINE_EXCEEDED))
    return;
  if (got != expect->status)
    wrong(r, "the status is %s (%s) and not %s (%s)", eager_status_name(got),
          got != EAGER_OK ? eager_error_message() : "", eager_status_name(expect->status),
          expect->text_count > 0 ? expect->texts[0] : "");
  else if (got != EAGER_OK)
    check_text(r, expect);
}

static void check_poll(runner *r, const rp_expect *expect, const eager_tensor *t) {
  eager_readiness got = eager_tensor_poll(t);
  if (got == EAGER_PENDING && expect->may_be_pending) return;
  if (got != expect->readiness)
    wrong(r, "polling gives %d and not %d", (int)got, (int)expect->readiness);
  else if (got == EAGER_FAILED)
    check_text(r, expect);
}

/* --- Handles and values --- */

static void check_handle(runner *r, int reg) {
  const rp_handle *h = &r->state.handles[reg];
  const eager_tensor *t = r->registers[reg];
  if (t == NULL) {
    wrong(r, "r%d is NULL", reg);
    return;
  }
  const char *device = r->world->devices[h->device].full_name;
  if (eager_tensor_dtype(t) != h->value->dtype)
    wrong(r, "r%d is a %s tensor and not a %s one", reg,
          eager_dtype_name(eager_tensor_dtype(t)), eager_dtype_name(h->value->dtype));
  if (strcmp(eager_tensor_device(t), device) != 0)
    wrong(r, "r%d is on %s and not on %s", reg, eager_tensor_device(t), device);
  bool alike = eager_tensor_rank(t) == h->value->shape.rank;
  for (int i = 0; i < h->value->shape.rank && alike; i++)
    alike = eager_tensor_dim(t, i) == h->value->shape.dims[i];
  if (!alike)
    wrong(r, "r%d has rank %d, %lld elements, and not shape %s", reg, eager_tensor_rank(t),
          (long long)eager_tensor_num_elements(t), rp_shape_text(h->value->shape));
}

static void check_bytes(runner *r, const rp_value *expected, const void *got) {
  rp_counted.values++;
  rp_counted.elements += (long)expected->count;
  int64_t at = rp_difference(expected, got);
  if (at < 0) return;
  size_t offset = (size_t)at * expected->size;
  wrong(r, "element %lld of %lld (%s %s) is %s and not %s", (long long)at,
        (long long)expected->count, eager_dtype_name(expected->dtype),
        rp_shape_text(expected->shape),
        rp_element_text(expected->dtype, (const char *)got + offset),
        rp_element_text(expected->dtype, expected->bytes + offset));
}

/* Two more ways in which bytes come back than eager_tensor_to_host. */
static eager_status read_mapped(runner *r, eager_tensor *t, const rp_value *expected) {
  const void *data;
  eager_status status = eager_tensor_map(t, &data);
  if (status != EAGER_OK) return status;
  check_bytes(r, expected, data);
  return eager_tensor_unmap(t);
}

static eager_status read_printed(runner *r, eager_tensor *t) {
  char *text, dtype[48];
  eager_status status = eager_tensor_format(t, &text);
  if (status != EAGER_OK) return status;
  snprintf(dtype, sizeof dtype,
           "dtype=%s, device=", eager_dtype_name(eager_tensor_dtype(t)));
  if (strncmp(text, "Tensor(", 7) != 0 || strstr(text, dtype) == NULL)
    wrong(r, "it is printed as \"%.200s\"", text);
  eager_free(text);
  return EAGER_OK;
}

static eager_status read_host(runner *r, const eager_tensor *t, const rp_value *expected) {
  size_t size = (size_t)expected->count * expected->size;
  void *data = malloc(size + 1);
  if (data == NULL) abort();
  memset(data, 0xA5, size + 1);
  eager_status status = eager_tensor_to_host(t, data, size);
  if (status == EAGER_OK) check_bytes(r, expected, data);
  if (((unsigned char *)data)[size] != 0xA5) wrong(r, "a byte behind the data was written");
  free(data);
  return status;
}

static eager_status read_file(runner *r, const eager_tensor *t, const rp_value *expected) {
  static _Atomic int files;
  char path[96];
  eager_tensor *loaded = NULL;
  snprintf(path, sizeof path, "/tmp/eagercl_random_%ld_%d.npy", (long)getpid(), files++);
  eager_status status = eager_npy_save(path, t);
  if (status != EAGER_OK) return status;
  status = expected->dtype == EAGER_BFLOAT16
               ? eager_npy_load_as(path, EAGER_BFLOAT16, &loaded)
               : eager_npy_load(path, &loaded);
  remove(path);
  if (status != EAGER_OK) return status;
  bool alike = eager_tensor_rank(loaded) == expected->shape.rank;
  for (int i = 0; i < expected->shape.rank && alike; i++)
    alike = eager_tensor_dim(loaded, i) == expected->shape.dims[i];
  if (!alike) wrong(r, "the file's shape is another");
  status = alike ? read_host(r, loaded, expected) : EAGER_OK;
  if (r->state.tidy_depth == 0) eager_tensor_release(loaded);
  return status;
}

static eager_status read_back(runner *r, const rp_step *step) {
  eager_tensor *t = r->registers[step->inputs[0]];
  const rp_value *expected = r->state.handles[step->inputs[0]].value;
  switch (step->how) {
  case RP_MAP:
    return read_mapped(r, t, expected);
  case RP_NPY:
    return read_file(r, t, expected);
  case RP_FORMAT: {
    eager_status status = read_printed(r, t);
    return status == EAGER_OK ? read_host(r, t, expected) : status;
  }
  default:
    return read_host(r, t, expected);
  }
}

/* --- Steps --- */

static const char *name_of(const runner *r, int device) {
  return device >= 0 ? r->world->devices[device].short_name : NULL;
}

static eager_status run_op(runner *r, const rp_step *step) {
  eager_tensor *in[RP_INPUTS], *out[RP_OUTPUTS] = {NULL};
  for (int i = 0; i < step->input_count; i++) in[i] = r->registers[step->inputs[i]];
  eager_status status;
  if (step->typed && rp_door_can(step, in))
    status = rp_door_typed(step, in, out);
  else
    status = rp_door_by_name(step, name_of(r, step->device), in, out);
  for (int i = 0; i < step->output_count; i++) {
    if (status != EAGER_OK && out[i] != NULL)
      wrong(r, "it failed, and output %d is there", i);
    bool is_known = r->state.handles[step->outputs[i]].is_made;
    if (is_known) r->registers[step->outputs[i]] = out[i];
    if (!is_known && r->state.tidy_depth == 0) eager_tensor_release(out[i]);
  }
  return status;
}

static eager_status run_step(runner *r, const rp_step *step, const rp_expect *expect) {
  eager_tensor *t = step->input_count > 0 ? r->registers[step->inputs[0]] : NULL;
  switch (step->code) {
  case RP_MAKE:
    return rp_door_make(step, r->state.handles[step->outputs[0]].value,
                        &r->registers[step->outputs[0]]);
  case RP_OP:
    return run_op(r, step);
  case RP_COPY:
    return eager_tensor_copy_to_device(t, name_of(r, step->device),
                                       &r->registers[step->outputs[0]]);
  case RP_READ:
    return read_back(r, step);
  case RP_WAIT:
    return eager_tensor_wait(t);
  case RP_WAIT_FOR:
    return eager_tensor_wait_for(t, (uint64_t)step->how);
  case RP_POLL:
    check_poll(r, expect, t);
    return EAGER_OK;
  case RP_SYNCHRONIZE:
    return eager_synchronize(name_of(r, step->device));
  case RP_RETAIN:
    eager_tensor_retain(t);
    return EAGER_OK;
  case RP_RELEASE:
    eager_tensor_release(t);
    return EAGER_OK;
  case RP_PUSH:
    return eager_push_device(name_of(r, step->device));
  case RP_POP:
    return eager_pop_device();
  case RP_POLICY:
    return eager_set_thread_device_policy((eager_device_policy)step->how);
  case RP_MODE:
    return eager_set_thread_execution_mode((eager_execution_mode)step->how);
  case RP_TIDY_BEGIN:
    return eager_tidy_begin();
  case RP_TIDY_END:
    return eager_tidy_end();
  case RP_TIDY_KEEP:
    return eager_tidy_keep(t);
  default:
    return eager_trim_memory(name_of(r, step->device));
  }
}

static void count(const runner *r, const rp_step *step, const rp_expect *expect) {
  rp_counted.steps++;
  rp_counted.ops += step->code == RP_OP;
  rp_counted.refused += step->code == RP_OP && expect->status != EAGER_OK;
  for (int i = 0; i < step->output_count && expect->status == EAGER_OK; i++) {
    const rp_handle *h = &r->state.handles[step->outputs[i]];
    if (h->failure_count == 0) continue;
    bool own = r->state.failures[h->failures[h->failure_count - 1]].step == h->origin_step;
    rp_counted.failed += own;
    rp_counted.poisoned += !own;
  }
}

/* --- The end: what the program leaves --- */

static void check_stats(runner *r) {
  eager_copy_stats got;
  const eager_copy_stats *expected = &r->state.stats;
  if (eager_get_copy_stats(&got) != EAGER_OK) wrong(r, "no copy statistics");
  if (r->world->is_shared || !r->state.stats_are_clear) return;
  if (got.count != expected->count || got.bytes != expected->bytes ||
      got.mirror_hits != expected->mirror_hits || got.warnings != expected->warnings)
    wrong(r,
          "copies, bytes, hits and warnings are %llu, %llu, %llu, %llu and not %llu, %llu, "
          "%llu, %llu",
          (unsigned long long)got.count, (unsigned long long)got.bytes,
          (unsigned long long)got.mirror_hits, (unsigned long long)got.warnings,
          (unsigned long long)expected->count, (unsigned long long)expected->bytes,
          (unsigned long long)expected->mirror_hits,
          (unsigned long long)expected->warnings);
}

static void check_memory(runner *r) {
  eager_memory_info info;
  for (int d = 0; d < r->world->device_count && !r->world->is_shared; d++) {
    if (eager_get_memory_info(r->world->devices[d].short_name, &info) != EAGER_OK)
      wrong(r, "no memory info: %s", eager_error_message());
    else if (info.current != 0)
      wrong(r, "%llu bytes are still held on %s", (unsigned long long)info.current,
            r->world->devices[d].short_name);
  }
}

/* After a wrong answer the interpreter's state says only what there may be. */
static void clean_up(runner *r) {
  for (int i = 0; i < RP_REGISTERS; i++) {
    const rp_handle *h = &r->state.handles[i];
    for (int k = 0; h->is_made && k < h->refs; k++) eager_tensor_release(r->registers[i]);
  }
  while (r->state.tidy_depth-- > 0)
    if (eager_tidy_end() != EAGER_OK) wrong(r, "eager_tidy_end: %s", eager_error_message());
  while (r->state.scope_count-- > 0)
    if (eager_pop_device() != EAGER_OK)
      wrong(r, "eager_pop_device: %s", eager_error_message());
  if (eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) != EAGER_OK ||
      eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO) != EAGER_OK)
    wrong(r, "settings: %s", eager_error_message());
}

static void finish(runner *r) {
  rp_expect expect = {0};
  r->at = r->program->step_count;
  if (!r->failed) check_stats(r);
  clean_up(r);
  if (r->failed || r->world->is_shared) {
    (void)!eager_synchronize(NULL);
    return;
  }
  rp_expect_synchronize(&r->state, -1, &expect);
  check_status(r, &expect, eager_synchronize(NULL));
  check_memory(r);
}

rp_verdict rp_execute(const rp_program *program, const rp_world *world, char *problem) {
  if (!rp_has_answers(program, world)) return RP_NO_PROGRAM;
  runner r = {.program = program, .world = world, .problem = problem};
  rp_begin(&r.state, world);
  if (!world->is_shared && eager_reset_copy_stats() != EAGER_OK)
    wrong(&r, "eager_reset_copy_stats: %s", eager_error_message());
  for (r.at = 0; r.at < program->step_count && !r.failed; r.at++) {
    const rp_step *step = &program->steps[r.at];
    rp_expect expect;
    rp_interpret(&r.state, step, &expect);
    check_status(&r, &expect, run_step(&r, step, &expect));
    count(&r, step, &expect);
    for (int i = 0; i < step->output_count && expect.status == EAGER_OK; i++)
      if (!r.failed) check_handle(&r, step->outputs[i]);
    if (r.failed) break;
  }
  finish(&r);
  rp_end(&r.state);
  return r.failed ? RP_WRONG : RP_RIGHT;
}
