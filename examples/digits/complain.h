/* Errors for the person at the keyboard. */
#ifndef DIGITS_COMPLAIN_H
#define DIGITS_COMPLAIN_H

#include <stdbool.h>

/* Prints "digits: <text>" as one line to stderr. Returns false, so that a check can end in
   `return complain(...)`. */
bool complain(const char *format, ...);

#endif
