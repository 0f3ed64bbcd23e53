#ifndef CHDF5_H
#define CHDF5_H
#include <hdf5.h>
// These names are macros that call H5open() first, which Swift can't import.
static inline hid_t ch5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t ch5_ieee_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t ch5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t ch5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t ch5_dataset_xfer(void) { return H5P_DATASET_XFER; }
static inline hid_t ch5_default(void) { return H5P_DEFAULT; }
static inline hid_t ch5_all(void) { return H5S_ALL; }
static inline unsigned ch5_acc_trunc(void) { return H5F_ACC_TRUNC; }
static inline unsigned ch5_acc_rdonly(void) { return H5F_ACC_RDONLY; }
static inline hid_t ch5_fcreate(const char *n, hid_t fapl) { return H5Fcreate(n, H5F_ACC_TRUNC, H5P_DEFAULT, fapl); }
static inline hid_t ch5_dcreate(hid_t f, const char *n, hid_t t, hid_t s, hid_t dcpl) { return H5Dcreate2(f, n, t, s, H5P_DEFAULT, dcpl, H5P_DEFAULT); }
static inline void ch5_errors_off(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }
#endif
