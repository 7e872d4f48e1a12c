/* The command list an op's launch makes: everything the device is to do, by value, with no
 * queue in sight. It is played at once in the caller, or later by a worker; graphs will
 * replay it.
 *
 *   eager__kernel_begin(commands, &eager__rows, call->dtype, "softmax");
 *   eager__arg_output(commands, 0);            a __global T *, then a long: element offset
 *   eager__arg_input(commands, 0);
 *   eager__arg_long(commands, columns);
 *   return eager__kernel_end(commands, eager__grid_1d(rows, 1));
 *
 * The first failure sticks: every later call does nothing and kernel_end returns it. */
#ifndef EAGER_RUNTIME_COMMANDS_H
#define EAGER_RUNTIME_COMMANDS_H

#include "cl/blas.h"
#include "cl/launch.h"
#include "runtime/op_record.h"
#include "tensor/forms.h"

enum {
  EAGER__CHUNK_ITEMS = 4,
  EAGER__CHUNK_ARGS = 48,
  EAGER__CHUNK_BYTES = 1024,
  EAGER__MAX_SCRATCH = 16,
  EAGER__MAX_FORMS = 4,
};

typedef enum eager__command_kind {
  EAGER__COMMAND_KERNEL,
  EAGER__COMMAND_FILL,
  EAGER__COMMAND_GEMM, /* CLBlast; if it declines, the next `fallbacks` commands run */
} eager__command_kind;

typedef struct eager__command {
  eager__command_kind kind;
  eager__kernel *kernel;
  eager__grid grid;
  int arg_begin, arg_count;
  int fallbacks; /* of a GEMM */
  struct {
    eager__mem *target;
    size_t offset, size;
    uint64_t pattern;
    size_t pattern_size;
  } fill; /* FILL; a GEMM's operands are its one argument */
} eager__command;

/* A chunk's arguments lie within it, so moving a list to the heap copies the first chunk
 * and keeps the rest. */
typedef struct eager__chunk {
  int item_count, arg_count, byte_count;
  eager__command items[EAGER__CHUNK_ITEMS];
  eager__arg args[EAGER__CHUNK_ARGS];
  _Alignas(8) uint8_t bytes[EAGER__CHUNK_BYTES];
  struct eager__chunk *next; /* allocated */
} eager__chunk;

struct eager__replay;
struct eager__played;

typedef struct eager__commands {
  eager__call *call;               /* while recording */
  struct eager__replay *recording; /* whose values stand for the call's buffers, or NULL */
  struct eager__played *played;    /* what was recorded before, or NULL: the one item */
  eager__device *device;
  eager_status status; /* the first failure; its text is in this thread */
  eager__origin origin;
  bool checked;
  eager_status check_status;
  char check_text[EAGER__CHECK_TEXT];
  int scratch_count;
  uint32_t scratch_free; /* a bit for each that may be given out again */
  eager__buffer *scratch[EAGER__MAX_SCRATCH]; /* released once submitted: (P1) */
  int form_count;
  eager__buffer *forms[EAGER__MAX_FORMS];   /* released once submitted: (P1) */
  eager__buffer *made_of[EAGER__MAX_FORMS]; /* of those it fills: the inputs */
  eager__command *open_gemm;                /* whose fallbacks are being recorded */
  eager__chunk *last;                       /* where recording goes on */
  eager__chunk first;
} eager__commands;

/* --- For op files --- */

/* Element `offset` of an input, an output, a workspace or a form of the op. */
typedef enum eager__place {
  EAGER__PLACE_INPUT,
  EAGER__PLACE_OUTPUT,
  EAGER__PLACE_SCRATCH,
  EAGER__PLACE_FORM,
} eager__place;
typedef struct eager__spot {
  eager__place place;
  int index;
  int64_t offset;
} eager__spot;

const eager__traits *eager__commands_traits(const eager__commands *commands);
uint32_t eager__commands_compute_units(const eager__commands *commands);
uint64_t eager__commands_local_memory(const eager__commands *commands); /* bytes */
bool eager__commands_has_float64(const eager__commands *commands);
/* Whether products of `dtype` may go to CLBlast here (it has passed its known-answer test).
 */
bool eager__commands_blas_usable(const eager__commands *commands, eager_dtype dtype);

void eager__kernel_begin(eager__commands *commands, const eager__family *family,
                         eager_dtype dtype, const char *name);
/* Two kernel arguments: __global pointer, long offset in elements. */
void eager__arg_input(eager__commands *commands, int input);
void eager__arg_output(eager__commands *commands, int output);
void eager__arg_scratch(eager__commands *commands, int scratch);
/* The same, for what may lie in any of them. */
void eager__arg_at(eager__commands *commands, const eager__spot *spot);
/* The pointer alone, for a user's kernel: the input's offset must be 0. */
void eager__arg_input_start(eager__commands *commands, int input);
void eager__arg_output_start(eager__commands *commands, int output);
/* One argument each. OpenCL's int, long, float; a struct by value. */
void eager__arg_int(eager__commands *commands, int64_t value);
void eager__arg_long(eager__commands *commands, int64_t value);
void eager__arg_float(eager__commands *commands, double value);
/* One element in type A of `dtype` (float for the 16-bit floats; ulong bits kept). */
void eager__arg_scalar(eager__commands *commands, eager_dtype dtype, double value);
void eager__arg_bytes(eager__commands *commands, const void *value, size_t size);
void eager__arg_local(eager__commands *commands, size_t size);
/* Two arguments: __global int *cells, int slot. For ops that declare .checked. */
void eager__arg_cell(eager__commands *commands);
eager_status eager__kernel_end(eager__commands *commands, eager__grid grid);

/* For a user's kernel, the one begun last: how many arguments it takes, the largest
 * work-group the driver runs it with, the only one its text allows (three sizes) or NULL,
 * and which of the arguments given the driver refuses, or -1. */
int eager__kernel_takes(const eager__commands *commands);
size_t eager__kernel_group_most(const eager__commands *commands);
const size_t *eager__kernel_group_required(const eager__commands *commands);
int eager__kernel_refuses(const eager__commands *commands);

/* What to say when the op's cell is dirty: '#' in the text becomes the first bad position,
 * "indices[#] is not in [0, 64)". */
void eager__check_text(eager__commands *commands, eager_status status, const char *format,
                       ...) EAGER__PRINTF(3, 4);

/* Workspace of `size` bytes, uninitialised, for this op only: its number for arg_scratch,
 * or -1 (the failure sticks). */
int eager__scratch(eager__commands *commands, size_t size);

/* Between begin and end workspaces are taken that only the commands between them use: what
 * asks later may get them again. So a loop may add any number of such steps. */
typedef struct eager__scratch_mark {
  int count;
  uint32_t free;
} eager__scratch_mark;
eager__scratch_mark eager__scratch_begin(const eager__commands *commands);
void eager__scratch_end(eager__commands *commands, eager__scratch_mark mark);

/* The form of the input at `source` that `key` describes (tensor/forms.h), its offset set
 * here: its number, for EAGER__PLACE_FORM. -1 where there is none and none is due, or
 * memory is short, or the input's bytes are not the library's alone. `*out_make`: it is
 * new, `size` bytes, and the commands that fill it are the next to be added. */
int eager__input_form(eager__commands *commands, const eager__spot *source,
                      eager__form_key *key, size_t size, bool *out_make);

/* `output` whole with one element of its dtype, given as its `pattern_size` bytes. */
eager_status eager__add_fill(eager__commands *commands, int output, const void *pattern,
                             size_t pattern_size);
/* A product by CLBlast; its buffers and offsets are filled in here. What is added until
 * eager__end_gemm runs in its place if CLBlast declines. */
eager_status eager__add_gemm(eager__commands *commands, const eager__gemm *gemm,
                             const eager__spot *a, const eager__spot *b,
                             const eager__spot *c);
void eager__end_gemm(eager__commands *commands);

/* The usual grids: global sizes are rounded up to the local size. */
eager__grid eager__grid_1d(int64_t global, int64_t local);
eager__grid eager__grid_2d(int64_t global0, int64_t local0, int64_t global1,
                           int64_t local1);
eager__grid eager__grid_3d(int64_t global0, int64_t local0, int64_t global1, int64_t local1,
                           int64_t global2, int64_t local2);

/* --- For the runtime --- */

void eager__commands_init(eager__commands *commands, eager__call *call,
                          eager__device *device, eager__origin origin);
/* Releases scratch, forms and chunks. */
void eager__commands_clear(eager__commands *commands);
void eager__commands_drop_forms(eager__commands *commands);
/* Submitted: other ops may read the forms that it fills. */
void eager__commands_forms_made(eager__commands *commands);
/* Moves `from` into a new block; `from` is then empty. NULL when host memory is short. */
eager__commands *eager__commands_move(eager__commands *from);
/* How many such lists may be in flight where `most` ops may: those of many ops count as
 * many. At least 1. */
uint64_t eager__commands_bound(const eager__commands *commands, int most);
/* Compute lock held: enqueues everything. `slot` -1 or the op's cell; when `want_event`,
 * `*out_event` is the last command's. On failure some commands may be in the queue. */
eager_status eager__commands_play(eager__commands *commands, int slot, bool want_event,
                                  eager__event **out_event);

#endif
