/* version.h - the version of these headers, and of the library that was loaded. */
#ifndef EAGERCL_VERSION_H
#define EAGERCL_VERSION_H

#include <eagercl/export.h>

#define EAGER_VERSION_MAJOR 0
#define EAGER_VERSION_MINOR 1
#define EAGER_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* Of the library: "0.1.0". Needs no enabling. */
EAGER_API const char *eager_version(void);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_VERSION_H */
