/*
 * New TCP connections per second, for scripts/bench: connects, asks a web server for a page, reads it, closes; again and
 * again, so many at a time.
 *
 *   connect SERVER_IPV4 PORT AT_A_TIME SECONDS [PER_SECOND]
 *
 * With PER_SECOND no more than that are begun.  * Prints key=value lines. What it can't do is one line on stderr and exit code 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum { MOST_AT_A_TIME = 256, READ_AT_ONCE = 2048 };

/* Nothing here runs for longer, or faster, whatever it was asked for. */
static const double MOST_SECONDS = 60, MOST_PER_SECOND = 1e6;
/* A connection that takes longer has failed: longer than one lost SYN takes (1 s), as a person's patience is. */
static const double PATIENCE_SECONDS = 3;

static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
static const char END_OF_PAGE[] = "hello\n";

struct connection {
  int fd; /* -1: none */
  double start;
  bool asked;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static int poller;
static uint64_t done, failed;

static void begin(struct connection *connection) {
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection->fd < 0) {
    fail("no socket: %s", strerror(errno));
  }
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
  if (connect(connection->fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
    fail("can't connect: %s", strerror(errno));
  }
  if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
    fail("can't wait for a connection: %s", strerror(errno));
  }
  connection->start = now();
  connection->asked = false;
}

static void finish(struct connection *connection, bool good) {
  close(connection->fd);
  connection->fd = -1;
  done += good;
  failed += !good;
}

static void ask(struct connection *connection) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  connection->asked = true;
  if (send(connection->fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != (ssize_t)sizeof REQUEST - 1 ||
      epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event) != 0) {
    finish(connection, false);
  }
}

/* The page is so short that it comes in one segment, or else it is not ours. */
static void read_page(struct connection *connection) {
  char page[READ_AT_ONCE];
  ssize_t length = recv(connection->fd, page, sizeof page, 0);
  const ssize_t end = sizeof END_OF_PAGE - 1;
  finish(connection, length > end && memcmp(page + length - end, END_OF_PAGE, (size_t)end) == 0);
}

int main(int count, char **words) {
  static struct connection connections[MOST_AT_A_TIME];
  struct epoll_event events[MOST_AT_A_TIME];
  if (count < 5 || count > 6 || inet_pton(AF_INET, words[1], &server.sin_addr) != 1) {
    fail("expected SERVER_IPV4 PORT AT_A_TIME SECONDS [PER_SECOND]");
  }
  server.sin_port = htons((uint16_t)number(words[2], 1, 65535));
  int at_a_time = (int)number(words[3], 1, MOST_AT_A_TIME);
  double seconds = number(words[4], 0.01, MOST_SECONDS);
  double pace = count > 5 ? number(words[5], 1, MOST_PER_SECOND) : MOST_PER_SECOND, begun = 0;
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) {
    fail("no epoll: %s", strerror(errno));
  }

  double start = now(), time;
  for (int i = 0; i < at_a_time; i++) {
    connections[i].fd = -1;
  }
  while ((time = now()) - start < seconds) {
    for (int i = 0; i < at_a_time; i++) {
      if (connections[i].fd >= 0 && time - connections[i].start > PATIENCE_SECONDS) {
        finish(&connections[i], false);
      }
      if (connections[i].fd < 0 && begun <= (time - start) * pace) {
        begin(&connections[i]);
        begun++;
      }
    }
    /* Not so long that the pace would suffer. */
    int ready = epoll_wait(poller, events, at_a_time, pace < MOST_PER_SECOND ? 1 : 20);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0) {
        finish(connection, false);
      } else if (!connection->asked) {
        ask(connection);
      } else {
        read_page(connection);
      }
    }
  }
  printf("connections_per_second=%.1f\n", (double)done / (now() - start));
  printf("failed=%llu\n", (unsigned long long)failed);
  return 0;
}
