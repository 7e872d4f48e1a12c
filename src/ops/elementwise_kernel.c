#include "ops/elementwise_kernel.h"

#include <assert.h>
#include <string.h>

#include "ops/lanes.h"

/* The layout stands once more in cl_kernels/elementwise.cl. */
typedef struct walk_shape {
  int64_t dims[EAGER__MAX_RANK];
  int64_t strides[EAGER__ELEMENTWISE_INPUTS][EAGER__MAX_RANK];
  int32_t rank, stream;
} walk_shape;

static bool is_bool(const eager__elementwise *op, int input) {
  return op->first_is_bool && input == 0;
}

static const char *stored(const eager__elementwise *op) {
  return op->to_bool || op->to_bytes ? "uchar" : "T";
}

static void write_lanes(const eager__elementwise *op, eager__strbuf *source) {
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, "%s%s %c", i > 0 ? ", " : "",
                         is_bool(op, i) ? "UCHARV" : "AV", "abc"[i]);
  if (op->has_parameter) eager__strbuf_add(source, ", A p");
}

static void write_names(const eager__elementwise *op, eager__strbuf *source) {
  eager__strbuf_add(source, op->inputs == 1 ? "a" : op->inputs == 2 ? "a, b" : "a, b, c");
  if (op->has_parameter) eager__strbuf_add(source, ", p");
}

/* What a vector of results is stored with: <flat>_put for V lanes, inlined into the loops,
 * and <flat>_part for fewer of them, which are called: a call within a loop would cost its
 * registers. */
static void write_put(const eager__elementwise *op, bool part, eager__strbuf *source) {
  bool bytes = op->to_bool || op->to_bytes;
  eager__strbuf_format(source, "%s void %s_%s(__global %s *out, size_t i, int %s, ",
                       part ? "OUTLINED" : "INLINED", op->flat, part ? "part" : "put",
                       stored(op), part ? "count" : "stream");
  if (op->bad) eager__strbuf_add(source, "__global int *cells, int slot, ");
  write_lanes(op, source);
  eager__strbuf_format(source, ") {\n  %s value = %s(%s);\n", bytes ? "UCHARV" : "AV",
                       op->to_bool ? "BOOLOF" : "", op->expression);
  if (op->bad)
    eager__strbuf_format(source, "  value = flagged(cells, slot, i, %s, value);\n",
                         op->bad);
  const char *call = bytes  ? part ? "put_some_bytes(out, i, count, value)"
                                   : "put_bytes(out, i, stream, value)"
                     : part ? "STOREV_PART(out, i, value, count)"
                            : "put(out, i, stream, value)";
  eager__strbuf_format(source, "  %s;\n}\n", call);
}

static void write_call(const eager__elementwise *op, const char *part, const char *how,
                       eager__strbuf *source) {
  eager__strbuf_format(source, "%s_%s(out, %s, %s", op->flat, part, how,
                       op->bad ? "cells, slot, " : "");
  write_names(op, source);
  eager__strbuf_add(source, ");\n");
}

static void write_head(const eager__elementwise *op, const char *name, const char *last,
                       eager__strbuf *source) {
  eager__strbuf_format(source, "__kernel void %s(__global %s *out, long out_offset", name,
                       stored(op));
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, ", const __global %s *in_%c, long %c_offset",
                         is_bool(op, i) ? "uchar" : "T", "abc"[i], "abc"[i]);
  if (op->bad) eager__strbuf_add(source, ", __global int *cells, int slot");
  if (op->has_parameter) eager__strbuf_add(source, ", A p");
  eager__strbuf_format(source, ", long n, long chunk, %s) {\n", last);
  eager__strbuf_add(source, "  out += out_offset;\n");
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, "  in_%c += %c_offset;\n", "abc"[i], "abc"[i]);
  eager__strbuf_add(source, "  size_t begin = get_global_id(0) * (size_t)chunk;\n"
                            "  size_t end = AT_MOST(begin + (size_t)chunk, (size_t)n);\n");
}

/* `kind`: flat, or some of `count`. */
static void write_flat_inputs(const eager__elementwise *op, const char *kind,
                              const char *count, eager__strbuf *source) {
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, "    %s %c = %s_%s(in_%c, i, %show & %d);\n",
                         is_bool(op, i) ? "UCHARV" : "AV", "abc"[i], kind,
                         is_bool(op, i) ? "bools" : "lanes", "abc"[i], count, 1 << i);
}

static void write_flat(const eager__elementwise *op, eager__strbuf *source) {
  write_head(op, op->flat, "int how", source);
  eager__strbuf_add(source,
                    "  size_t i = begin;\n"
                    "  int stream = how & STREAM && IS_ALIGNED(out + begin, *out);\n"
                    "  for (; i + V <= end; i += V) {\n");
  write_flat_inputs(op, "flat", "", source);
  write_call(op, "put", "i, stream", source);
  eager__strbuf_add(source, "  }\n"
                            "  if (i < end) {\n"
                            "    int count = (int)(end - i);\n");
  write_flat_inputs(op, "some", "count, ", source);
  write_call(op, "part", "i, count", source);
  eager__strbuf_add(source, "  }\n}\n");
}

static void write_walk(const eager__elementwise *op, eager__strbuf *source) {
  write_head(op, op->walk, "walk_shape shape", source);
  /* A copy: rusticl dies of arguments read at an index it does not know. */
  eager__strbuf_format(source,
                       "  walk_shape walk = shape;\n"
                       "  if (begin >= end) return;\n"
                       "  walk_place at;\n"
                       "  walk_to(&walk, %d, begin, &at);\n"
                       "  while (begin < end) {\n"
                       "    walk_next(&walk, %d, %d, end - begin, %s, %s, %s, &at);\n"
                       "    if (at.count < V) {\n",
                       op->inputs, op->first_is_bool, op->inputs,
                       op->first_is_bool ? "0" : "in_a", op->inputs > 1 ? "in_b" : "0",
                       op->inputs > 2 ? "in_c" : "0");
  for (int i = 0; i < op->inputs; i++)
    if (is_bool(op, i))
      eager__strbuf_add(source, "      UCHARV a = walk_bools(in_a, &at, FOUND, 0);\n");
    else
      eager__strbuf_format(source, "      AV %c = VLOAD(0, at.found[%d]);\n", "abc"[i], i);
  write_call(op, "part", "begin, at.count", source);
  eager__strbuf_add(source,
                    "      begin += at.count;\n"
                    "      continue;\n"
                    "    }\n"
                    "    long last = at.last;\n"
                    "    for (long row = 0; row < at.rows; row++, begin += at.run) {\n"
                    "      int stream = walk.stream && last % V == 0 && "
                    "IS_ALIGNED(out + begin, *out);\n");
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source,
                         "      const __global %s *p_%c = in_%c + at.begin[%d] + row * "
                         "at.stride[%d];\n"
                         "      int order_%c = at.order[%d];\n",
                         is_bool(op, i) ? "uchar" : "T", "abc"[i], "abc"[i], i, i, "abc"[i],
                         i);
  eager__strbuf_add(source, "      for (long j = 0;; j = AT_MOST(j + V, last)) {\n");
  for (int i = 0; i < op->inputs; i++)
    if (is_bool(op, i))
      eager__strbuf_add(source, "        UCHARV a = walk_bools(p_a, &at, order_a, j);\n");
    else
      eager__strbuf_format(source,
                           "        AV %c = walk_values(p_%c, &at, %d, order_%c, j);\n",
                           "abc"[i], "abc"[i], i, "abc"[i]);
  write_call(op, "put", "begin + j, stream", source);
  eager__strbuf_add(source, "        if (j == last) break;\n"
                            "      }\n    }\n  }\n}\n");
}

void eager__elementwise_write(const eager__elementwise *op, eager__strbuf *source) {
  assert(op->inputs <= EAGER__ELEMENTWISE_INPUTS);
  write_put(op, false, source);
  write_put(op, true, source);
  write_flat(op, source);
  if (op->inputs > 1) write_walk(op, source); /* one input is always flat */
}

/* Whether no input needs a walk; `*out_repeats` gets a bit for each that is one element.
 * What broadcasts to n elements and has n of them has them in the same order. */
static bool is_flat(const eager__call *call, int inputs, int64_t n, int *out_repeats) {
  *out_repeats = 0;
  for (int i = 0; i < inputs; i++) {
    int64_t elements = eager__shape_elements(call->inputs[i].shape);
    if (elements == n) continue;
    if (elements != 1) return false;
    *out_repeats |= 1 << i;
  }
  return true;
}

static void fill_walk(const eager__call *call, int inputs, walk_shape *out) {
  eager__shape shapes[EAGER__ELEMENTWISE_INPUTS];
  for (int i = 0; i < inputs; i++) shapes[i] = *call->inputs[i].shape;
  eager__walk walk;
  eager__walk_broadcast(&call->outputs[0].shape, shapes, inputs, &walk);
  memset(out, 0, sizeof *out);
  out->rank = walk.rank;
  memcpy(out->dims, walk.dims, (size_t)walk.rank * sizeof *out->dims);
  for (int i = 0; i < inputs; i++)
    memcpy(out->strides[i], walk.strides[i], (size_t)walk.rank * sizeof *out->dims);
}

eager_status eager__elementwise_launch(eager__commands *commands,
                                       const eager__elementwise *op,
                                       const eager__family *family, eager_dtype dtype) {
  const eager__call *call = commands->call;
  const eager__result *out = &call->outputs[0];
  int64_t n = eager__shape_elements(&out->shape);
  int repeats;
  bool flat = is_flat(call, op->inputs, n, &repeats);
  bool stream = eager__lanes_stream(n * (int64_t)eager_dtype_size(out->dtype));
  eager__kernel_begin(commands, family, dtype, flat ? op->flat : op->walk);
  eager__arg_output(commands, 0);
  for (int i = 0; i < op->inputs; i++) eager__arg_input(commands, i);
  if (op->bad) eager__arg_cell(commands);
  if (op->has_parameter) eager__arg_scalar(commands, dtype, op->parameter);
  if (flat) {
    eager__lanes plan = eager__lanes_plan(commands, n);
    eager__arg_long(commands, n);
    eager__arg_long(commands, plan.chunk);
    eager__arg_int(commands, repeats | (stream ? EAGER__STREAM : 0));
    return eager__kernel_end(commands, plan.grid);
  }
  walk_shape walk;
  fill_walk(call, op->inputs, &walk);
  walk.stream = stream;
  eager__lanes plan = eager__lanes_plan_rows(commands, n, walk.dims[walk.rank - 1]);
  eager__arg_long(commands, n);
  eager__arg_long(commands, plan.chunk);
  eager__arg_bytes(commands, &walk, sizeof walk);
  return eager__kernel_end(commands, plan.grid);
}
