/* One record of a trace as an event of the JSON Trace Event Format, which
 * chrome://tracing and ui.perfetto.dev load. Pure.
 *
 * Times are microseconds since `origin`. Host threads are the threads of process 1, device
 * i's queues those of process i + 2. The call that has a number has a flow out of it, what
 * is done for the call has a flow in, bound by that number. */
#ifndef EAGER_RUNTIME_TRACE_JSON_H
#define EAGER_RUNTIME_TRACE_JSON_H

#include "base/trace.h"

/* The longest an event may become; names are cut so that it fits. */
enum { EAGER__TRACE_JSON_MAX = 4096 };

/* Writes the event and its separator (",\n" before it unless `first`) to `text`, which has
 * room for EAGER__TRACE_JSON_MAX bytes; returns their number. No NUL. */
size_t eager__trace_json(const eager__trace_record *record, uint64_t origin, bool first,
                         char *text);

#endif
