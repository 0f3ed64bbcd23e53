#ifndef CHDF5_H
#define CHDF5_H
#include <hdf5.h>
#include <hdf5_hl.h>

// Serial HDF5 keeps global state and is not safe to enter from two threads. Every call is made between these two;
// the lock may be taken again by the thread that holds it. While locked, HDF5 prints no errors.
void ch5_lock(void);
void ch5_unlock(void);

// A child process: 0 in the child, where *pipe is for writing, its number in the parent, where *pipe is for reading, -1 on failure (errno).
// The child has the caller's thread alone, and with it the lock. It ends with ch5_leave.
int ch5_fork(int *pipe);
_Noreturn void ch5_leave(void);
// Waits for the child: 0 if it left by ch5_leave, the number of the signal that ended it, or -1.
int ch5_wait(int child);

// A number not given before. HDF5 takes two files in memory for one if their names are equal. Call it locked.
unsigned long ch5_serial_number(void);

// The innermost cause of the last failure, or "". Valid until the next call. Call it locked.
const char *ch5_reason(void);

// Writes a text as a scalar, variable-length UTF-8 attribute; negative on failure.
int ch5_write_text_attribute(hid_t object, const char *name, const char *text);
// Writes a scalar 32-bit integer attribute; negative on failure.
int ch5_write_int_attribute(hid_t object, const char *name, int value);

// These names are macros that call H5open() first, which Swift can't import.
static inline hid_t ch5_default(void) { return H5P_DEFAULT; }
static inline hid_t ch5_all(void) { return H5S_ALL; }
static inline hid_t ch5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t ch5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t ch5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t ch5_link_create(void) { return H5P_LINK_CREATE; }
static inline unsigned ch5_acc_trunc(void) { return H5F_ACC_TRUNC; }
static inline unsigned ch5_acc_rdonly(void) { return H5F_ACC_RDONLY; }
static inline unsigned ch5_order_tracked(void) { return H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED; }
static inline int ch5_deflate_available(void) { return H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0; }
// Parallel file systems often refuse the lock that HDF5 takes even for reading. Older versions can't do without.
#if H5_VERSION_GE(1, 10, 7)
static inline int ch5_no_file_lock(hid_t access) { return H5Pset_file_locking(access, 0, 1); }
#else
static inline int ch5_no_file_lock(hid_t access) { (void)access; return 0; }
#endif

// Element types by the raw value of ArchiveType: float32, float64, int64, uint64, uint8.
static inline hid_t ch5_stored_type(int code) {
  switch (code) {
  case 0: return H5T_IEEE_F32LE;
  case 1: return H5T_IEEE_F64LE;
  case 2: return H5T_STD_I64LE;
  case 3: return H5T_STD_U64LE;
  default: return H5T_STD_U8LE;
  }
}
static inline hid_t ch5_memory_type(int code) {
  switch (code) {
  case 0: return H5T_NATIVE_FLOAT;
  case 1: return H5T_NATIVE_DOUBLE;
  case 2: return H5T_NATIVE_INT64;
  case 3: return H5T_NATIVE_UINT64;
  default: return H5T_NATIVE_UINT8;
  }
}
#endif
