/* The trace of a process, EAGERCL_TRACE: what the runtime tells of its calls, and the file.
 *
 * A thread of its own writes the file; a producer whose ring is full, a flush and shutdown
 * do it in their thread. Between two writes the file is whole: valid JSON. */
#ifndef EAGER_RUNTIME_TRACE_H
#define EAGER_RUNTIME_TRACE_H

#include "base/trace.h"
#include "runtime/op_record.h"
#include "runtime/runtime.h"

/* The call has ended with `status`; its operands are still there. Only when traced: begin
 * is not 0. */
void eager__trace_call(const eager__call *call, uint64_t begin, eager_status status,
                       eager_tensor *const *outputs, int output_count);

/* A value that came from the host, went to it or crossed ("ToHost"); `t` NULL: refused.
 * Does nothing when `begin` is 0. */
void eager__trace_value(const char *name, uint64_t begin, eager_status status,
                        const eager_tensor *t, const eager__device *from, bool is_new);

/* Creates the file and starts recording; nothing when `name`, EAGERCL_TRACE, is NULL. */
eager_status eager__trace_open(const char *name);
/* Says once, after the device has opened, what the trace cannot tell of it. */
void eager__trace_note_device(const eager__runtime *runtime, const eager__device *device);
/* What is recorded goes to the file. */
eager_status eager__trace_write(void);
/* Everything is complete and nobody at work: writes the rest and ends the trace. */
void eager__trace_close(eager__runtime *runtime);

#endif
