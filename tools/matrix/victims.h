#ifndef EAGERCL_MATRIX_VICTIMS_H
#define EAGERCL_MATRIX_VICTIMS_H

void victims_register(void);

#endif
