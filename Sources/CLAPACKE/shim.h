// Swift imports structs, not C's complex numbers.
#define LAPACK_COMPLEX_STRUCTURE
#include <lapacke.h>
