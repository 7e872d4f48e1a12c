/* Workspaces of a command list. */
#include "runtime/allocate.h"
#include "runtime/replay.h"

eager__scratch_mark eager__scratch_begin(const eager__commands *commands) {
  return (eager__scratch_mark){commands->scratch_count, commands->scratch_free};
}

void eager__scratch_end(eager__commands *commands, eager__scratch_mark mark) {
  commands->scratch_free = mark.free;
  for (int i = mark.count; i < commands->scratch_count; i++)
    commands->scratch_free |= UINT32_C(1) << i;
}

/* One that is free and large enough, or -1. */
static int take_free(eager__commands *commands, size_t size) {
  for (int i = 0; i < commands->scratch_count; i++) {
    uint32_t bit = UINT32_C(1) << i;
    if (!(commands->scratch_free & bit) || commands->scratch[i]->size < size) continue;
    commands->scratch_free &= ~bit;
    return i;
  }
  return -1;
}

int eager__scratch(eager__commands *commands, size_t size) {
  if (commands->status != EAGER_OK) return -1;
  int again = take_free(commands, size);
  if (again >= 0) return again;
  if (commands->scratch_count == EAGER__MAX_SCRATCH) {
    commands->status = eager__fail(EAGER_INTERNAL, "an op asks for too many workspaces");
    return -1;
  }
  int number = commands->scratch_count;
  if (commands->recording)
    commands->scratch[number] = eager__replay_scratch(commands->recording, number, size);
  else
    commands->status =
        eager__allocate(eager__runtime_get(), commands->device, size, EAGER__WRITER_COMPUTE,
                        commands->origin, EAGER__SEQ_READY, &commands->scratch[number]);
  if (commands->status != EAGER_OK) return -1;
  commands->scratch_count++;
  return number;
}
