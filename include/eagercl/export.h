/* export.h - how a public function is marked.
 *
 * EAGER_API         visible outside the library. Define EAGER_STATIC when compiling
 * against, or building, the static library. EAGER_NODISCARD   the compiler warns when the
 * result is ignored. */
#ifndef EAGERCL_EXPORT_H
#define EAGERCL_EXPORT_H

#if defined(EAGER_STATIC)
#define EAGER_API
#elif defined(_WIN32) && defined(EAGER_BUILDING)
#define EAGER_API __declspec(dllexport)
#elif defined(_WIN32)
#define EAGER_API __declspec(dllimport)
#elif defined(__GNUC__)
#define EAGER_API __attribute__((visibility("default")))
#else
#define EAGER_API
#endif

#if defined(__GNUC__)
#define EAGER_NODISCARD __attribute__((warn_unused_result))
#else
#define EAGER_NODISCARD
#endif

#endif /* EAGERCL_EXPORT_H */
