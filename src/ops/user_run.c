#include "ops/user_run.h"

#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"

void eager__user_kernel_drop(eager__user_kernel *k) {
  if (atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) == 1) eager__free(k);
}

/* One block, with the bytes and dims that `args` point to behind them. */
typedef struct kept_run {
  eager__user_run run;
  size_t global[3], local[3];
  eager_kernel_arg args[];
} kept_run;

static size_t bytes_behind(const eager_kernel_arg *arg) {
  if (arg->kind == EAGER_KERNEL_VALUE) return (arg->size + 7) & ~(size_t)7;
  if (arg->kind == EAGER_KERNEL_OUTPUT) return (size_t)arg->rank * sizeof *arg->dims;
  return 0;
}

/* Where the next argument's go. */
static char *keep_arg(const eager_kernel_arg *from, char *behind, eager_kernel_arg *to) {
  *to = *from;
  to->tensor = NULL;
  to->value = from->kind == EAGER_KERNEL_VALUE ? behind : NULL;
  to->dims = from->kind == EAGER_KERNEL_OUTPUT ? (const int64_t *)(void *)behind : NULL;
  if (to->value) memcpy(behind, from->value, from->size);
  if (to->dims && from->rank)
    memcpy(behind, from->dims, (size_t)from->rank * sizeof *from->dims);
  return behind + bytes_behind(from);
}

static eager_status keep(const void *user, void **out) {
  const eager__user_run *run = user;
  size_t size = sizeof(kept_run) + (size_t)run->arg_count * sizeof *run->args;
  size_t args_end = size;
  for (int i = 0; i < run->arg_count; i++) size += bytes_behind(&run->args[i]);
  kept_run *kept = eager__alloc(size);
  if (!kept) return eager__out_of_memory(size);
  kept->run = *run;
  kept->run.global = kept->global;
  kept->run.local = run->local ? kept->local : NULL;
  kept->run.args = kept->args;
  for (int i = 0; i < run->work_dims; i++) {
    kept->global[i] = run->global[i];
    if (run->local) kept->local[i] = run->local[i];
  }
  char *behind = (char *)kept + args_end;
  for (int i = 0; i < run->arg_count; i++)
    behind = keep_arg(&run->args[i], behind, &kept->args[i]);
  atomic_fetch_add_explicit(&run->kernel->refs, 1, memory_order_relaxed);
  *out = kept;
  return EAGER_OK;
}

static void drop(void *user) {
  kept_run *kept = user;
  eager__user_kernel_drop(kept->run.kernel);
  eager__free(kept);
}

static void put_sizes(eager__strbuf *to, const char *name, const size_t *sizes, int count) {
  eager__strbuf_format(to, "%s=[", name);
  for (int i = 0; i < count; i++) eager__strbuf_format(to, "%s%zu", i ? "," : "", sizes[i]);
  eager__strbuf_add(to, "], ");
}

static void show(const void *user, eager__strbuf *out) {
  const eager__user_run *run = user;
  put_sizes(out, "global", run->global, run->work_dims);
  if (run->local) put_sizes(out, "local", run->local, run->work_dims);
  eager__strbuf_add(out, "args=[");
  for (int i = 0; i < run->arg_count; i++) {
    const eager_kernel_arg *arg = &run->args[i];
    if (i) eager__strbuf_add(out, ",");
    if (arg->kind == EAGER_KERNEL_INPUT) eager__strbuf_add(out, "input");
    if (arg->kind == EAGER_KERNEL_OUTPUT) eager__strbuf_add(out, "output");
    if (arg->kind == EAGER_KERNEL_VALUE) eager__strbuf_format(out, "%zu bytes", arg->size);
    if (arg->kind == EAGER_KERNEL_LOCAL) eager__strbuf_format(out, "local %zu", arg->size);
  }
  eager__strbuf_add(out, "]");
}

const eager__user_hooks eager__user_run_hooks = {keep, drop, show};
