/* The commands that a piece of work puts on a queue, to be put there again without the
 * library: raw OpenCL, setting every argument of every launch.
 *
 * Every OpenCL object begins with a pointer to its driver's functions (cl_khr_icd). While
 * recording, those of the context, of the queue and of new kernels point to functions here.
 * So nothing stands between the library and the driver's launches at any other time. */
#pragma once

#include <eagercl/opencl.h>

#include "raw.h"

typedef struct recording recording;

typedef struct recorded_work {
  bool (*prepare)(void *state);
  bool (*run)(void *state);
  void *state;
} recorded_work;

/* What the second `run` enqueues on `theirs`, the library's queue in its context. No kernel
 * it needs may have been made before `prepare`: the library does not set again what a
 * kernel already has. Buffers are copied: playing touches none of the library's. NULL, with
 * a message on stderr, when that does not tell enough. */
recording *recording_make(const bench_raw *raw, cl_context context, cl_command_queue theirs,
                          const recorded_work *work);
void recording_free(recording *r);

int recording_launches(const recording *r);
/* Launches, writes, fills and copies in all. */
int recording_commands(const recording *r);

/* Gives every launch a kernel of its own with its arguments set, for recording_enqueue. */
bool recording_bind(recording *r);
/* As recording_play without waiting, but sets nothing: the calls that enqueue alone. */
bool recording_enqueue(recording *r);

/* Enqueues everything on the queue of `raw`. If `waits`, waits for it wherever the library
 * asked for an event or blocked; does not wait for the rest. */
bool recording_play(recording *r, bool waits);
