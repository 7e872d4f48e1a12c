/* How the eager code of this program passes failures up. */
#ifndef DIGITS_TRY_H
#define DIGITS_TRY_H

/* Leaves the function with the status of a failed call; eager_error_message() has the text.
   Only where nothing is held that is not in a tidy scope or in the caller's struct. */
#define TRY(call)                                                                          \
  do {                                                                                     \
    eager_status try_status = (call);                                                      \
    if (try_status != EAGER_OK) {                                                          \
      return try_status;                                                                   \
    }                                                                                      \
  } while (0)

#endif
