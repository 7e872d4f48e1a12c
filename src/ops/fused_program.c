#include "ops/fused_program.h"

#include <string.h>

#include "base/alloc.h"
#include "cl/user_program.h"
#include "ops/fused_edges.h"
#include "ops/fused_form.h"
#include "ops/fused_values.h"

enum { KERNELS_MOST = 32 };

static const char *const names[KERNELS_MOST] = {
    "fused_0",  "fused_1",  "fused_2",  "fused_3",  "fused_4",  "fused_5",  "fused_6",
    "fused_7",  "fused_8",  "fused_9",  "fused_10", "fused_11", "fused_12", "fused_13",
    "fused_14", "fused_15", "fused_16", "fused_17", "fused_18", "fused_19", "fused_20",
    "fused_21", "fused_22", "fused_23", "fused_24", "fused_25", "fused_26", "fused_27",
    "fused_28", "fused_29", "fused_30", "fused_31",
};

/* Kernels of one program: all of one dtype. */
typedef struct batch {
  const eager__fused_kernel *kernels[KERNELS_MOST];
  eager__strbuf described[KERNELS_MOST];
  int count;
} batch;

static void write_program(const eager__user_source *source, eager__strbuf *text) {
  const batch *of = source->of;
  for (int i = 0; i < of->count; i++) eager__fused_write(of->kernels[i], i, text);
}

static const eager__family without_edges = {
    .name = "fused", .files = {"words"}, .blocks = {"fused"}, .groups = {"fused"}};
static const eager__family with_edges = {.name = "fused",
                                         .files = {"words", "convert"},
                                         .blocks = {"fused", "fused_edges"},
                                         .groups = {"fused", "fused_edges"}};

static bool has_edges(const batch *of) {
  for (int i = 0; i < of->count; i++)
    if (eager__fused_has_edges(of->kernels[i]->fused)) return true;
  return false;
}

static eager_status make_family(const batch *of, const eager__family **out) {
  eager__family wanted = has_edges(of) ? with_edges : without_edges;
  eager__strbuf all = {0};
  for (int i = 0; i < of->count; i++) {
    eager__fused_add_files(of->kernels[i]->fused, &wanted);
    eager__strbuf_format(&all, "%s\n", eager__strbuf_text(&of->described[i]));
  }
  eager__user_source source = {.written = eager__strbuf_text(&all),
                               .options = "",
                               .write = write_program,
                               .of = of,
                               .is_library = true};
  eager_status status = all.failed ? eager__out_of_memory(all.size)
                                   : eager__user_family(&wanted, &source, out);
  eager__strbuf_free(&all);
  return status;
}

static void drop(batch *of) {
  for (int i = 0; i < of->count; i++) eager__strbuf_free(&of->described[i]);
  of->count = 0;
}

/* Leaves the batch empty. */
static eager_status make(batch *of) {
  const eager__family *family;
  eager_status status = of->count ? make_family(of, &family) : EAGER_OK;
  for (int i = 0; i < of->count && status == EAGER_OK; i++)
    status =
        eager__made_kernel_keep(eager__strbuf_text(&of->described[i]), family, names[i]);
  drop(of);
  return status;
}

static bool has(const batch *of, const char *described) {
  for (int i = 0; i < of->count; i++)
    if (strcmp(eager__strbuf_text(&of->described[i]), described) == 0) return true;
  return false;
}

static eager_status describe(const eager__fused_kernel *kernel, eager__strbuf *out) {
  *out = (eager__strbuf){0};
  eager__fused_describe(kernel, out);
  if (!out->failed) return EAGER_OK;
  size_t size = out->size;
  eager__strbuf_free(out);
  return eager__out_of_memory(size);
}

/* Adds the kernel unless it is there already, or in the batch. */
static eager_status add(batch *of, const eager__fused_kernel *kernel, bool *out_added) {
  eager__strbuf described;
  const eager__family *family;
  const char *name;
  *out_added = false;
  EAGER__TRY(describe(kernel, &described));
  const char *text = eager__strbuf_text(&described);
  if (eager__made_kernel_find(text, &family, &name) || has(of, text)) {
    eager__strbuf_free(&described);
    return EAGER_OK;
  }
  of->kernels[of->count] = kernel;
  of->described[of->count++] = described;
  *out_added = true;
  return EAGER_OK;
}

eager_status eager__fused_find(const eager__fused_kernel *kernel,
                               const eager__family **out_family, const char **out_name) {
  eager__strbuf described;
  EAGER__TRY(describe(kernel, &described));
  const char *text = eager__strbuf_text(&described);
  eager_status status = EAGER_OK;
  if (!eager__made_kernel_find(text, out_family, out_name)) {
    batch alone = {.count = 0};
    bool added; /* not if another thread has made it meanwhile */
    status = add(&alone, kernel, &added);
    if (status == EAGER_OK) status = make(&alone);
    if (status == EAGER_OK) (void)eager__made_kernel_find(text, out_family, out_name);
  }
  eager__strbuf_free(&described);
  return status;
}

static eager_status gather(const eager__traits *traits, const eager__fused_job *jobs,
                           int count, eager_dtype dtype, eager__fused_kernel *kernels) {
  batch next = {.count = 0};
  int used = 0;
  for (int i = 0; i < count; i++) {
    if (jobs[i].fused->dtype != dtype) continue;
    eager__fused_shape shape = {.stream = 0};
    eager__fused_choose(traits, jobs[i].fused, jobs[i].inputs, jobs[i].whole,
                        &kernels[used], &shape);
    bool added;
    eager_status status = add(&next, &kernels[used], &added);
    used += added;
    if (status == EAGER_OK && used == KERNELS_MOST) {
      status = make(&next);
      used = 0;
    }
    if (status == EAGER_OK) continue;
    drop(&next);
    return status;
  }
  return make(&next);
}

eager_status eager__fused_gather(const eager__traits *traits, const eager__fused_job *jobs,
                                 int count) {
  size_t size = KERNELS_MOST * sizeof(eager__fused_kernel);
  eager__fused_kernel *kernels = eager__alloc(size);
  if (kernels == NULL) return eager__out_of_memory(size);
  eager_status status = EAGER_OK;
  for (int d = 1; d < EAGER__DTYPE_END && status == EAGER_OK; d++)
    status = gather(traits, jobs, count, (eager_dtype)d, kernels);
  eager__free(kernels);
  return status;
}
