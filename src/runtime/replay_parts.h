/* What a replay is, for the two files that make and play it. */
#ifndef EAGER_RUNTIME_REPLAY_PARTS_H
#define EAGER_RUNTIME_REPLAY_PARTS_H

#include "runtime/replay.h"

/* An argument, a fill's target or an operand of a product, that is a value's memory. */
typedef enum eager__patch_kind {
  EAGER__PATCH_ARG,
  EAGER__PATCH_FILL,
  EAGER__PATCH_GEMM,
} eager__patch_kind;
typedef struct eager__patch {
  eager__patch_kind kind;
  int at;    /* the argument's number, or the command's; of a product, its argument's */
  int value; /* from settling on: the slot, or beyond the slots a workspace */
  int which; /* operand of a product */
  int shift; /* log2 of the element's size, in which the offset is counted */
  int64_t offset; /* bytes */
} eager__patch;

struct eager__replay {
  atomic_int refs;
  _Atomic(eager__played *) spare; /* a copy whose playing is over */
  eager__device *device;
  bool is_settled;     /* the kernels are borrowed */
  int slot_count;      /* with the workspaces */
  uint64_t *item_uses; /* by item: its slots, as bits */
  bool *reach;         /* [outputs][inputs] */
  /* What the kernels' arguments were set to last. Guarded by the compute lock. */
  bool is_bound;
  uint64_t bound_drops; /* eager__memory_drops then */
  eager__replay_slot *bound;
  eager__command *items;
  eager__arg *args;
  uint8_t *bytes;
  eager__patch *patches;
  size_t item_count, item_capacity;
  size_t arg_count, arg_capacity;
  size_t byte_count, byte_capacity;
  size_t patch_count, patch_capacity;
  int workspace_count;
  size_t workspaces[EAGER__MAX_SCRATCH];
  /* While recording: */
  int value_count;
  char *tags; /* the memory of value i is known by the address of tags[i] */
  struct eager__stand_in *stand_ins;
  size_t stand_in_capacity;
  struct eager__stand_in *scratch; /* EAGER__MAX_SCRATCH */
};

/* A buffer with no memory. */
typedef struct eager__stand_in {
  eager__buffer buffer;
  eager__block block;
} eager__stand_in;

/* Drops what only recording needs. */
void eager__replay_drop_recording(eager__replay *replay);

#endif
