/*
 * Gives the packet sockets of a running process larger buffers, for scripts/bench: Open vSwitch leaves them at the kernel's
 * default, in which hardly two super-frames have room, and that default is one for the whole machine.
 *
 *   buffers PID BYTES
 *
 * What it can't do is one line on stderr and exit code 1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"

int main(int count, char **words) {
  if (count != 3) {
    fail("expected PID BYTES");
  }
  int pid = (int)number(words[1], 1, 1 << 22), size = (int)number(words[2], 1, 1 << 30), changed = 0;
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *folder = opendir(path);
  int process = (int)syscall(SYS_pidfd_open, pid, 0);
  if (folder == NULL || process < 0) {
    fail("no process %d: %s", pid, strerror(errno));
  }
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    /* What is no socket, or a file by now, says so itself. */
    int fd = (int)syscall(SYS_pidfd_getfd, process, atoi(entry->d_name), 0), domain = 0;
    socklen_t length = sizeof domain;
    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_PACKET) {
      if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
          setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) {
        fail("can't change a buffer: %s", strerror(errno));
      }
      changed++;
    }
    close(fd);
  }
  if (changed == 0) {
    fail("process %d has no packet socket that can be reached", pid);
  }
  return 0;
}
