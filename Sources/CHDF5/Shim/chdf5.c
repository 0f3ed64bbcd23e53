#define _GNU_SOURCE
#include "chdf5.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t mutex;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_mutex(void) {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&mutex, &kind);
  pthread_mutexattr_destroy(&kind);
}

static void start(void) {
  make_mutex();
  H5open();
}

static char reason[200];

static herr_t keep_first(unsigned n, const H5E_error2_t *entry, void *unused) {
  (void)unused;
  if (n == 0 && entry->desc) snprintf(reason, sizeof reason, "%s", entry->desc);
  return 0;
}

// Called by HDF5 when one of its functions fails; closing identifiers empties the error stack soon afterwards.
static herr_t failed(hid_t stack, void *unused) {
  H5Ewalk2(stack, H5E_WALK_UPWARD, keep_first, unused);
  return 0;
}

void ch5_lock(void) {
  pthread_once(&once, start);
  pthread_mutex_lock(&mutex);
  // At each lock, because a thread-safe build of HDF5 has one error stack per thread.
  H5Eset_auto2(H5E_DEFAULT, failed, NULL);
}

void ch5_unlock(void) { pthread_mutex_unlock(&mutex); }

const char *ch5_reason(void) { return reason; }

unsigned long ch5_serial_number(void) {
  static unsigned long last;
  return ++last;
}

static int write_attribute(hid_t object, const char *name, hid_t type, const void *value) {
  hid_t space = H5Screate(H5S_SCALAR);
  if (space < 0) return -1;
  hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  int status = attribute < 0 ? -1 : (int)H5Awrite(attribute, type, value);
  if (attribute >= 0 && H5Aclose(attribute) < 0) status = -1;
  H5Sclose(space);
  return status;
}

int ch5_write_text_attribute(hid_t object, const char *name, const char *text) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return -1;
  int status = -1;
  if (H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
    status = write_attribute(object, name, type, &text);
  H5Tclose(type);
  return status;
}

int ch5_write_int_attribute(hid_t object, const char *name, int value) {
  return write_attribute(object, name, H5T_NATIVE_INT, &value);
}

int ch5_fork(int *end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  // Nobody else may hold the lock while the process is copied: in the child it would never be free again.
  ch5_lock();
  pid_t child = fork();
  // In the child the lock's holder is a thread of another number: it is made anew.
  if (child == 0) make_mutex();
  else ch5_unlock();
  if (child < 0) {
    int reason = errno;
    close(ends[0]);
    close(ends[1]);
    errno = reason;
    return -1;
  }
  *end = ends[child == 0];
  close(ends[child != 0]);
  if (child == 0) {
    // A crash is the parent's to tell, in one line, without a dump of this whole process.
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    int silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (silence >= 0) dup2(silence, STDERR_FILENO);
    const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t nothing;
    sigemptyset(&nothing);
    pthread_sigmask(SIG_SETMASK, &nothing, NULL);
    for (unsigned k = 0; k < sizeof fatal / sizeof *fatal; k++) signal(fatal[k], SIG_DFL);
  }
  return child;
}

void ch5_leave(void) { _exit(0); }

int ch5_wait(int child) {
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) == 0 ? 0 : -1;
}
