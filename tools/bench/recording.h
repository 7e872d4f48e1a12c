/* The commands that a piece of work puts on a queue, to be put there again without the
 * library: raw OpenCL, setting every argument of every launch.
 *
 * Every OpenCL object begins with a pointer to its driver's functions (cl_khr_icd). While
 * recording, those of the queue and of the kernels seen on it point to functions here. So
 * nothing stands between the library and the driver at any other time. */
#pragma once

#include <eagercl/opencl.h>

#include "raw.h"

typedef struct recording recording;

/* What `work` enqueues on `theirs`, the library's queue: it is run twice, since kernels
 * become known at their first launch. Buffers are copied: playing touches none of the
 * library's. NULL, with a message on stderr, when the driver does not tell enough. */
recording *recording_make(const bench_raw *raw, cl_command_queue theirs,
                          bool (*work)(void *state), void *state);
void recording_free(recording *r);

int recording_launches(const recording *r);
/* Launches, writes, fills and copies in all. */
int recording_commands(const recording *r);

/* Enqueues everything on the queue of `raw`. If `waits`, waits for it wherever the library
 * asked for an event or blocked; does not wait for the rest. */
bool recording_play(recording *r, bool waits);
