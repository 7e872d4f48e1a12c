/* --across: the same small cases on every device, their results beside each other. This is
 * not how a device is judged, for each is judged by the host's references; it tells how far
 * two devices that are both right are apart. */
#ifndef EAGERCL_MATRIX_ACROSS_H
#define EAGERCL_MATRIX_ACROSS_H

#include <stdbool.h>

/* The group of cases. */
void across_register(void);
/* Room for results of `devices` devices, shared with children. False: none. */
bool across_prepare(int devices);
/* In a child: what follows is this device's. */
void across_enter(int number);
/* When all have run: results of the section "across". */
void across_compare(void);

#endif
