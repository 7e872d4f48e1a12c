#include "runtime/commands.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/replay.h"

void eager__commands_init(eager__commands *commands, eager__call *call,
                          eager__device *device, eager__origin origin) {
  commands->call = call;
  commands->recording = NULL;
  commands->played = NULL;
  commands->device = device;
  commands->status = EAGER_OK;
  commands->origin = origin;
  commands->checked = false;
  commands->check_status = EAGER_INVALID_ARGUMENT;
  commands->check_text[0] = '\0';
  commands->scratch_count = 0;
  commands->scratch_free = 0;
  commands->form_count = 0;
  commands->open_gemm = NULL;
  commands->last = &commands->first;
  commands->first.item_count = commands->first.arg_count = commands->first.byte_count = 0;
  commands->first.next = NULL;
}

void eager__commands_clear(eager__commands *commands) {
  for (int i = 0; i < commands->scratch_count && !commands->recording; i++)
    eager__buffer_release(commands->scratch[i]);
  eager__played_free(commands->played);
  commands->played = NULL;
  commands->scratch_count = 0;
  eager__commands_drop_forms(commands);
  eager__chunk *chunk = commands->first.next;
  while (chunk) {
    eager__chunk *next = chunk->next;
    eager__free(chunk);
    chunk = next;
  }
  commands->first.next = NULL;
}

eager__commands *eager__commands_move(eager__commands *from) {
  eager__commands *to = eager__alloc(sizeof *to);
  if (!to) return NULL;
  memcpy(to, from, sizeof *to);
  to->call = NULL;
  if (from->last == &from->first) to->last = &to->first;
  from->scratch_count = from->form_count = 0;
  from->played = NULL;
  from->first.next = NULL;
  return to;
}

/* --- Recording --- */

const eager__traits *eager__commands_traits(const eager__commands *commands) {
  return &commands->device->traits;
}

uint32_t eager__commands_compute_units(const eager__commands *commands) {
  return commands->device->info.compute_units;
}

bool eager__commands_has_float64(const eager__commands *commands) {
  return commands->device->info.has_float64;
}

uint64_t eager__commands_local_memory(const eager__commands *commands) {
  return commands->device->info.local_memory;
}

bool eager__commands_blas_usable(const eager__commands *commands, eager_dtype dtype) {
  return eager__blas_usable(commands->device, dtype);
}

/* A further chunk when `last` cannot take one more command; false when memory is short. */
static bool next_chunk(eager__commands *commands) {
  eager__chunk *chunk = eager__alloc(sizeof *chunk);
  if (!chunk) {
    commands->status = eager__out_of_memory(sizeof *chunk);
    return false;
  }
  commands->last->next = chunk;
  commands->last = chunk;
  return true;
}

/* An item in a chunk with room for a whole command's arguments and bytes behind it. */
static eager__command *add_item(eager__commands *commands, eager__command_kind kind) {
  eager__chunk *chunk = commands->last;
  bool full = chunk->item_count == EAGER__CHUNK_ITEMS ||
              chunk->arg_count > EAGER__CHUNK_ARGS / 2 ||
              chunk->byte_count > EAGER__CHUNK_BYTES / 2;
  if (full && !next_chunk(commands)) return NULL;
  chunk = commands->last;
  eager__command *item = &chunk->items[chunk->item_count++];
  item->kind = kind;
  item->arg_begin = chunk->arg_count;
  item->arg_count = 0;
  item->fallbacks = 0;
  if (commands->open_gemm) commands->open_gemm->fallbacks++;
  return item;
}

void eager__kernel_begin(eager__commands *commands, const eager__family *family,
                         eager_dtype dtype, const char *name) {
  if (commands->status != EAGER_OK) return;
  eager__kernel *kernel;
  commands->status = eager__kernel_get(commands->device, family, dtype, name, &kernel);
  if (commands->status != EAGER_OK) return;
  eager__command *item = add_item(commands, EAGER__COMMAND_KERNEL);
  if (item) item->kernel = kernel;
}

/* `count` arguments side by side, to be filled in; NULL when something has failed. */
static eager__arg *add_args(eager__commands *commands, int count) {
  if (commands->status != EAGER_OK) return NULL;
  eager__chunk *chunk = commands->last;
  if (chunk->arg_count > EAGER__CHUNK_ARGS - count) {
    commands->status = eager__fail(EAGER_INTERNAL, "a kernel has too many arguments");
    return NULL;
  }
  eager__arg *args = &chunk->args[chunk->arg_count];
  chunk->arg_count += count;
  return args;
}

static eager__arg *add_arg(eager__commands *commands, eager__arg_kind kind, size_t size) {
  eager__arg *arg = add_args(commands, 1);
  if (arg) *arg = (eager__arg){.kind = kind, .size = (uint32_t)size};
  return arg;
}

static eager__arg bits_arg(uint64_t bits, size_t size) {
  return (eager__arg){EAGER__ARG_VALUE, (uint32_t)size, {bits}};
}

/* Bits are set first: handles may be shorter. */
static eager__arg mem_arg(const eager__buffer *buffer) {
  eager__arg arg = {EAGER__ARG_MEM, sizeof(eager__mem *), {0}};
  arg.as.mem = eager__buffer_mem(buffer);
  return arg;
}

/* `size` of the 8 bytes, as they lie in memory. */
static void add_bits(eager__commands *commands, uint64_t bits, size_t size) {
  eager__arg *arg = add_args(commands, 1);
  if (arg) *arg = bits_arg(bits, size);
}

static void add_value(eager__commands *commands, const void *value, size_t size) {
  bool fits = size <= sizeof(uint64_t);
  eager__arg *arg = add_arg(commands, fits ? EAGER__ARG_VALUE : EAGER__ARG_BYTES, size);
  if (!arg) return;
  if (fits) {
    memcpy(&arg->as.bits, value, size);
    return;
  }
  eager__chunk *chunk = commands->last;
  size_t begin = ((size_t)chunk->byte_count + 7) & ~(size_t)7;
  if (begin + size > EAGER__CHUNK_BYTES) {
    commands->status = eager__fail(EAGER_INTERNAL, "a kernel's arguments are too large");
    return;
  }
  memcpy(chunk->bytes + begin, value, size);
  arg->as.offset = begin;
  chunk->byte_count = (int)(begin + size);
}

static void add_buffer(eager__commands *commands, const eager__buffer *buffer,
                       int64_t offset) {
  eager__arg *args = add_args(commands, 2);
  if (!args) return;
  args[0] = mem_arg(buffer);
  args[1] = bits_arg((uint64_t)offset, sizeof offset);
}

void eager__arg_input(eager__commands *commands, int input) {
  const eager__operand *operand = &commands->call->inputs[input];
  add_buffer(commands, operand->buffer, operand->offset);
}

void eager__arg_output(eager__commands *commands, int output) {
  const eager__result *result = &commands->call->outputs[output];
  add_buffer(commands, result->buffer, result->offset);
}

static void add_start(eager__commands *commands, const eager__buffer *buffer) {
  eager__arg *arg = add_args(commands, 1);
  if (arg) *arg = mem_arg(buffer);
}

void eager__arg_input_start(eager__commands *commands, int input) {
  add_start(commands, commands->call->inputs[input].buffer);
}

void eager__arg_output_start(eager__commands *commands, int output) {
  add_start(commands, commands->call->outputs[output].buffer);
}

void eager__arg_scratch(eager__commands *commands, int scratch) {
  if (scratch >= 0) add_buffer(commands, commands->scratch[scratch], 0);
}

/* Where `spot` lies, in elements of its buffer. */
static const eager__buffer *find_spot(const eager__commands *commands,
                                      const eager__spot *spot, int64_t *out_offset) {
  const eager__call *call = commands->call;
  *out_offset = spot->offset;
  switch (spot->place) {
  case EAGER__PLACE_INPUT:
    *out_offset += call->inputs[spot->index].offset;
    return call->inputs[spot->index].buffer;
  case EAGER__PLACE_OUTPUT:
    *out_offset += call->outputs[spot->index].offset;
    return call->outputs[spot->index].buffer;
  case EAGER__PLACE_FORM:
    return commands->forms[spot->index];
  case EAGER__PLACE_SCRATCH:
    break;
  }
  return commands->scratch[spot->index];
}

void eager__arg_at(eager__commands *commands, const eager__spot *spot) {
  if (commands->status != EAGER_OK) return;
  int64_t offset;
  const eager__buffer *buffer = find_spot(commands, spot, &offset);
  add_buffer(commands, buffer, offset);
}

void eager__arg_int(eager__commands *commands, int64_t value) {
  int32_t narrow = (int32_t)value;
  assert(narrow == value); /* kinds and flags; what counts elements is a long */
  uint64_t bits = 0;
  memcpy(&bits, &narrow, sizeof narrow);
  add_bits(commands, bits, sizeof narrow);
}

void eager__arg_long(eager__commands *commands, int64_t value) {
  add_bits(commands, (uint64_t)value, sizeof value);
}

void eager__arg_float(eager__commands *commands, double value) {
  float narrow = (float)value;
  uint64_t bits = 0;
  memcpy(&bits, &narrow, sizeof narrow);
  add_bits(commands, bits, sizeof narrow);
}

void eager__arg_scalar(eager__commands *commands, eager_dtype dtype, double value) {
  if (eager__dtype_is_float(dtype) && dtype != EAGER_FLOAT64) {
    eager__arg_float(commands, value);
    return;
  }
  uint64_t bits = 0;
  eager__encode_double(dtype, value, &bits);
  add_bits(commands, bits, eager_dtype_size(dtype));
}

void eager__arg_bytes(eager__commands *commands, const void *value, size_t size) {
  add_value(commands, value, size);
}

void eager__arg_local(eager__commands *commands, size_t size) {
  add_arg(commands, EAGER__ARG_LOCAL, size);
}

void eager__arg_cell(eager__commands *commands) {
  commands->checked = true;
  add_arg(commands, EAGER__ARG_CELLS, sizeof(eager__mem *));
  add_arg(commands, EAGER__ARG_SLOT, sizeof(int32_t));
}

eager_status eager__kernel_end(eager__commands *commands, eager__grid grid) {
  if (commands->status != EAGER_OK) return commands->status;
  eager__command *last = &commands->last->items[commands->last->item_count - 1];
  last->grid = grid;
  last->arg_count = commands->last->arg_count - last->arg_begin;
  return EAGER_OK;
}

static const eager__command *last_command(const eager__commands *commands) {
  return &commands->last->items[commands->last->item_count - 1];
}

int eager__kernel_takes(const eager__commands *commands) {
  return eager__kernel_arg_count(last_command(commands)->kernel);
}

size_t eager__kernel_group_most(const eager__commands *commands) {
  return eager__kernel_max_local_size(last_command(commands)->kernel);
}

const size_t *eager__kernel_group_required(const eager__commands *commands) {
  return eager__kernel_required_local_size(last_command(commands)->kernel);
}

int eager__kernel_refuses(const eager__commands *commands) {
  const eager__chunk *chunk = commands->last;
  const eager__command *last = last_command(commands);
  return eager__launch_refused_arg(commands->device, last->kernel,
                                   chunk->args + last->arg_begin,
                                   chunk->arg_count - last->arg_begin, chunk->bytes);
}

void eager__check_text(eager__commands *commands, eager_status status, const char *format,
                       ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(commands->check_text, sizeof commands->check_text, format, args);
  va_end(args);
  commands->check_status = status;
}

eager_status eager__add_fill(eager__commands *commands, int output, const void *pattern,
                             size_t pattern_size) {
  if (commands->status != EAGER_OK) return commands->status;
  eager__command *item = add_item(commands, EAGER__COMMAND_FILL);
  if (!item) return commands->status;
  const eager__result *result = &commands->call->outputs[output];
  item->fill.target = eager__buffer_mem(result->buffer);
  item->fill.offset = (size_t)result->offset * eager_dtype_size(result->dtype);
  item->fill.size =
      (size_t)eager__shape_elements(&result->shape) * eager_dtype_size(result->dtype);
  item->fill.pattern = 0;
  memcpy(&item->fill.pattern, pattern, pattern_size);
  item->fill.pattern_size = pattern_size;
  return EAGER_OK;
}

static eager__mem *place_operand(const eager__commands *commands, const eager__spot *spot,
                                 size_t *out_offset) {
  int64_t offset;
  const eager__buffer *buffer = find_spot(commands, spot, &offset);
  *out_offset = (size_t)offset;
  return eager__buffer_mem(buffer);
}

eager_status eager__add_gemm(eager__commands *commands, const eager__gemm *gemm,
                             const eager__spot *a, const eager__spot *b,
                             const eager__spot *c) {
  if (commands->status != EAGER_OK) return commands->status;
  eager__command *item = add_item(commands, EAGER__COMMAND_GEMM);
  if (!item) return commands->status;
  eager__gemm whole = *gemm;
  whole.a = place_operand(commands, a, &whole.a_offset);
  whole.b = place_operand(commands, b, &whole.b_offset);
  whole.c = place_operand(commands, c, &whole.c_offset);
  add_value(commands, &whole, sizeof whole);
  commands->open_gemm = item;
  return commands->status;
}

void eager__end_gemm(eager__commands *commands) {
  commands->open_gemm = NULL;
}
