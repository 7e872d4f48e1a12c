/* The thread's last error: one status code, one text, one OpenCL code. */
#ifndef EAGER_BASE_STATUS_H
#define EAGER_BASE_STATUS_H

#include <stdbool.h>

#include "eagercl/status.h"

#if defined(__GNUC__) || defined(__clang__)
#define EAGER__PRINTF(text, args) __attribute__((format(printf, text, args)))
#else
#define EAGER__PRINTF(text, args)
#endif

/* Records a failure of this thread and returns `status`, which is never EAGER_OK. */
eager_status eager__fail(eager_status status, const char *format, ...) EAGER__PRINTF(2, 3);

/* The same for a driver's refusal; `cl_code` is what eager_error_cl_code() will tell. */
eager_status eager__fail_cl(eager_status status, int cl_code, const char *format, ...)
    EAGER__PRINTF(3, 4);

/* Appends to the text of the failure this thread has just recorded: " [Op:MatMul]". */
void eager__fail_append(const char *format, ...) EAGER__PRINTF(1, 2);

/* Forgets this thread's failure: for a fallback that succeeded. */
void eager__clear_error(void);

/* While it is on, nothing of the above changes what is recorded: for putting things back
 * after a failure, which is the one to be told. */
void eager__keep_error(bool on);

/* What went wrong and where are one statement, so a refusal reads as one line. */
#define EAGER__FAIL(status, ...) return eager__fail((status), __VA_ARGS__)

#define EAGER__REQUIRE(condition, status, ...)                                             \
  do {                                                                                     \
    if (!(condition)) return eager__fail((status), __VA_ARGS__);                           \
  } while (0)

/* Only while nothing is held. */
#define EAGER__TRY(expression)                                                             \
  do {                                                                                     \
    eager_status try_status = (expression);                                                \
    if (try_status != EAGER_OK) return try_status;                                         \
  } while (0)

#endif
