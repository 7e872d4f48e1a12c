/* Commands of several ops, recorded once and played as one op's as often as one likes, each
 * time with other buffers.
 *
 *   eager__replay_new(value_count, &replay);
 *   for each op: eager__replay_add(replay, &call, device, values, &fails);
 *   eager__replay_settle(replay, places);
 *   in a launch: eager__commands_replay(commands, replay, slots);
 *
 * While recording, what an op reads and writes are *values*, known by number; their memory
 * is not. Settling says where each value lies in one of few *slots*, and each playing which
 * buffers the slots are. Nothing is changed after settling: any thread may play it. */
#ifndef EAGER_RUNTIME_REPLAY_H
#define EAGER_RUNTIME_REPLAY_H

#include "runtime/commands.h"

typedef struct eager__replay eager__replay;

/* Where a value begins. Bytes, a multiple of its element's. */
typedef struct eager__replay_place {
  int slot;
  int64_t offset;
  eager_dtype dtype;
} eager__replay_place;

typedef struct eager__replay_slot {
  eager__mem *mem;
  int64_t offset; /* bytes */
} eager__replay_slot;

eager_status eager__replay_new(int value_count, eager__replay **out);
eager__replay *eager__replay_retain(eager__replay *replay);
void eager__replay_release(eager__replay *replay); /* NULL-safe */

/* Lets the call's op launch, on `device`, with value numbers in place of the operands'
 * buffers: `values` has those of the inputs and then those of the outputs, -1 for a view.
 * `*out_fails`: it may fail on the device, and nothing was added. */
eager_status eager__replay_add(eager__replay *replay, eager__call *call,
                               eager__device *device, const int *values, bool *out_fails);

/* The workspaces that playing needs beside the slots: their number, and their sizes. */
int eager__replay_workspace_count(const eager__replay *replay);
size_t eager__replay_workspace(const eager__replay *replay, int number);
/* How many commands there are. */
int eager__replay_command_count(const eager__replay *replay);

/* `places` of all values. No slot is a workspace's. `reach`, taken over, tells for each
 * output of the op that plays it, and then for each input, whether that is computed from
 * this: the failure of one is the other's. */
eager_status eager__replay_settle(eager__replay *replay, const eager__replay_place *places,
                                  bool *reach);

/* Adds the commands to an op's that has none yet. Takes its workspaces. */
eager_status eager__commands_replay(eager__commands *commands, eager__replay *replay,
                                    const eager__replay_slot *slots);

/* --- For commands.c --- */

/* The workspace `number` of the op being recorded. */
eager__buffer *eager__replay_scratch(eager__replay *replay, int number, size_t size);

/* One playing's own copy, with buffers. */
typedef struct eager__played {
  eager__replay *replay; /* one reference */
  int item_count;
  eager__command *items;
  eager__arg *args;
  uint8_t *bytes;
  eager__replay_slot *slots; /* those given, then the workspaces */
} eager__played;

/* What settling was handed. */
const bool *eager__played_reach(const eager__played *played);

/* Compute lock held. Kernels keep their arguments from one playing to the next: which slots
 * are others this time, as bits, all from the 64th on as the last bit. The end says whether
 * everything was launched. */
uint64_t eager__played_begin(const eager__played *played);
void eager__played_end(const eager__played *played, bool all);
/* Whether an item's kernel is its own, and has its arguments where these slots changed. */
bool eager__played_is_set(const eager__played *played, int item, uint64_t changed);

void eager__played_free(eager__played *played); /* NULL-safe */

#endif
