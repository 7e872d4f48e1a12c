#include "eagercl/version.h"

/* Two steps, so that the numbers are expanded before they become text. */
#define TEXT_OF(x) #x
#define VERSION_TEXT(major, minor, patch)                                                  \
  TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *eager_version(void) {
  return VERSION_TEXT(EAGER_VERSION_MAJOR, EAGER_VERSION_MINOR, EAGER_VERSION_PATCH);
}
