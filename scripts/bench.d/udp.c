/*
 * UDP through the device under test, for scripts/bench. One process holds both far ends (a socket in the client's network
 * namespace, another in the server's), so that one clock reads what was sent and what arrived.
 *
 *   udp ENDS rate FLOWS PPS SECONDS                 sends at PPS, or with 0 as fast as it can
 *   udp ENDS search FLOWS FIRST LAST SECONDS STEPS  the highest rate in [FIRST, LAST] that loses less than 0.5 %, by bisection
 *   udp ENDS order FLOWS PPS SECONDS                datagrams that arrived, and of those the ones that came too late: behind a later one
 *   udp ENDS ping INTERVAL_US COUNT                 round trips to an echo in the server's namespace, one after the other
 *
 * FLOWS: so many source ports take turns, packet by packet. With a "z" behind it the datagrams have checksum 0 (RFC 768: none), so
 *   that no stack on the way merges them.
 * ENDS: CLIENT_NETNS CLIENT_NIC CLIENT_IPV4 SERVER_NETNS SERVER_NIC SERVER_IPV4 CORE
 * CORE: the core whose business is the device's (a number), or "all".
 * Prints key=value lines. What it can't do is one line on stderr and exit code 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <math.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

enum {
  FRAME = 60,          /* bytes; 64 on a wire, with the frame check sequence (RFC 2544) */
  DISCARD_PORT = 9,    /* RFC 863 */
  ECHO_PORT = 7,       /* RFC 862 */
  SOURCE_PORT = 40000, /* of the first flow */
  MOST_FLOWS = 16384,
  BATCH = 64,
  /* Above what the backlogs on the way hold: the sender must lose packets there, not wait for them. */
  SEND_BUFFER = 64 << 20,
  REPLY_TIMEOUT_MS = 200,
};

/* Nothing here sends for longer, or more, whatever it was asked for. */
static const double MOST_SECONDS = 60;
static const double MOST_PACKETS = 1e9;
static const double LOSS_LIMIT = 0.005;

struct ends {
  const char *client_netns, *client_nic, *client_ipv4;
  const char *server_netns, *server_nic, *server_ipv4;
  int core; /* -1: all */
};

struct flows {
  unsigned count;
  bool summed;
};

struct rate {
  double seconds;
  uint64_t offered;
  uint64_t in_time;   /* arrived before the sending ended */
  uint64_t delivered; /* arrived at all */
  double busy;        /* cores: 1 - idle / wall, of the device's core or summed over all */
  uint64_t wakeups;   /* inter-processor interrupts that other cores took to receive packets (RPS) */
};

static void sleep_for(double seconds) {
  struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&t, &t) != 0 && errno == EINTR) {
  }
}

/* --- the machine */

/* Seconds that the core, or all cores together, have been idle. Counted by the kernel in 10 ms. */
static double idle_seconds(int core) {
  FILE *file = fopen("/proc/stat", "r");
  char line[512], wanted[16];
  double idle = -1;
  snprintf(wanted, sizeof wanted, core < 0 ? "cpu " : "cpu%d ", core);
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    unsigned long long ticks, waiting;
    if (strncmp(line, wanted, strlen(wanted)) == 0 &&
        sscanf(line, "%*s %*u %*u %*u %llu %llu", &ticks, &waiting) == 2) {
      idle = (double)(ticks + waiting) / (double)sysconf(_SC_CLK_TCK);
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  if (idle < 0) {
    fail("no idle time of '%s' in /proc/stat", wanted);
  }
  return idle;
}

static double cores(int core) { return core < 0 ? (double)sysconf(_SC_NPROCESSORS_ONLN) : 1; }

/* received_rps of /proc/net/softnet_stat, of all cores but the device's. */
static uint64_t rps_wakeups(int but) {
  FILE *file = fopen("/proc/net/softnet_stat", "r");
  char line[512];
  uint64_t sum = 0;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    unsigned received, core;
    if (sscanf(line, "%*x %*x %*x %*x %*x %*x %*x %*x %*x %x %*x %*x %x", &received, &core) == 2 && (int)core != but) {
      sum += received;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return sum;
}

static void enter(const char *netns) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", netns);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
    fail("can't enter network namespace %s: %s", netns, strerror(errno));
  }
  close(fd);
}

static void hardware_address(int fd, const char *nic, uint8_t address[ETH_ALEN]) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", nic);
  if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
    fail("no hardware address of %s: %s", nic, strerror(errno));
  }
  memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

static struct sockaddr_in at(const char *ipv4, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (inet_pton(AF_INET, ipv4, &address.sin_addr) != 1) {
    fail("not an IPv4 address: '%s'", ipv4);
  }
  return address;
}

static int udp_socket(const char *ipv4, int port) {
  struct sockaddr_in address = at(ipv4, port);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    fail("no UDP socket at %s port %d: %s", ipv4, port, strerror(errno));
  }
  return fd;
}

/* --- the sink: the kernel counts, and no process has to be awake for it */

/* A socket whose filter refuses every packet, after all that a packet meets on its way to a socket. */
static int open_sink(const struct ends *ends) {
  struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog program = {1, &refuse};
  int fd = udp_socket(ends->server_ipv4, DISCARD_PORT);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    fail("no filter on the sink: %s", strerror(errno));
  }
  return fd;
}

static uint32_t arrived(int sink) {
  uint32_t numbers[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof numbers;
  if (getsockopt(sink, SOL_SOCKET, SO_MEMINFO, numbers, &length) != 0) {
    fail("the sink has no count: %s", strerror(errno));
  }
  return numbers[SK_MEMINFO_DROPS];
}

/* --- the generator */

static uint16_t checksum(const uint8_t *bytes, size_t length, uint32_t sum) {
  for (size_t i = 0; i < length; i += 2) {
    sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)~sum;
}

static void build(uint8_t frame[FRAME], const struct ends *ends, int flow, bool summed,
                  const uint8_t source[ETH_ALEN], const uint8_t destination[ETH_ALEN]) {
  struct sockaddr_in from = at(ends->client_ipv4, SOURCE_PORT + flow), to = at(ends->server_ipv4, DISCARD_PORT);
  struct ether_header *ether = (struct ether_header *)frame;
  struct iphdr *ip = (struct iphdr *)(frame + sizeof *ether);
  struct udphdr *udp = (struct udphdr *)(ip + 1);
  const uint16_t udp_length = FRAME - sizeof *ether - sizeof *ip;
  memset(frame, 0, FRAME);
  memcpy(ether->ether_shost, source, ETH_ALEN);
  memcpy(ether->ether_dhost, destination, ETH_ALEN);
  ether->ether_type = htons(ETHERTYPE_IP);
  ip->version = 4;
  ip->ihl = 5;
  ip->tot_len = htons((uint16_t)(sizeof *ip + udp_length));
  ip->frag_off = htons(IP_DF);
  ip->ttl = 64;
  ip->protocol = IPPROTO_UDP;
  ip->saddr = from.sin_addr.s_addr;
  ip->daddr = to.sin_addr.s_addr;
  ip->check = htons(checksum((uint8_t *)ip, sizeof *ip, 0));
  udp->source = from.sin_port;
  udp->dest = to.sin_port;
  udp->len = htons(udp_length);
  /* RFC 768: the pseudo-header's addresses stand together, before the UDP header. */
  udp->check = summed ? htons(checksum((uint8_t *)&ip->saddr, 8U + udp_length, IPPROTO_UDP + udp_length)) : 0;
}

/* A packet socket: cheaper than a UDP socket, so that the generator outruns what it measures. */
static int open_generator(const struct ends *ends, uint8_t source[ETH_ALEN]) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = SEND_BUFFER, yes = 1;
  if (fd < 0) {
    fail("no packet socket: %s", strerror(errno));
  }
  hardware_address(fd, ends->client_nic, source);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(ends->client_nic)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0) {
    fail("can't prepare the packet socket on %s: %s", ends->client_nic, strerror(errno));
  }
  return fd;
}

/* Sends count frames; those that the first queue on the way refuses were offered, too. */
static unsigned offer(int fd, struct mmsghdr *messages, unsigned count) {
  unsigned done = 0;
  while (done < count) {
    int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT);
    if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
      fail("can't send: %s", strerror(errno));
    }
    done += sent > 0 ? (unsigned)sent : 0;
    /* A short count: the kernel took one more and dropped it. */
    done += done < count ? 1 : 0;
  }
  return done;
}

static struct rate run(const struct ends *ends, struct flows flows, double pps, double seconds) {
  static uint8_t frames[MOST_FLOWS][FRAME];
  static struct iovec parts[MOST_FLOWS];
  /* A batch may begin with any flow: behind the last one stand the first ones again. */
  static struct mmsghdr messages[MOST_FLOWS + BATCH];
  uint8_t source[ETH_ALEN], destination[ETH_ALEN];
  enter(ends->server_netns);
  int sink = open_sink(ends);
  hardware_address(sink, ends->server_nic, destination);
  enter(ends->client_netns);
  int generator = open_generator(ends, source);
  for (unsigned i = 0; i < flows.count; i++) {
    build(frames[i], ends, (int)i, flows.summed, source, destination);
    parts[i] = (struct iovec){frames[i], FRAME};
  }
  for (unsigned i = 0; i < flows.count + BATCH; i++) {
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i % flows.count], .msg_iovlen = 1};
  }
  if (prctl(PR_SET_TIMERSLACK, 1UL) != 0) {
    fail("no exact timers: %s", strerror(errno));
  }

  struct rate rate = {0};
  uint32_t before = arrived(sink);
  uint64_t wakeups = rps_wakeups(ends->core);
  double idle = idle_seconds(ends->core), start = now(), elapsed;
  while ((elapsed = now() - start) < seconds && (double)rate.offered < MOST_PACKETS) {
    double due = pps > 0 ? elapsed * pps - (double)rate.offered : BATCH;
    if (due < 1) {
      sleep_for(50e-6);
    } else {
      rate.offered += offer(generator, messages + rate.offered % flows.count, due < BATCH ? (unsigned)due : BATCH);
    }
  }
  rate.seconds = now() - start;
  rate.in_time = arrived(sink) - before;
  rate.busy = cores(ends->core) - (idle_seconds(ends->core) - idle) / rate.seconds;
  rate.busy = rate.busy < 0 ? 0 : rate.busy;
  rate.wakeups = rps_wakeups(ends->core) - wakeups;

  uint32_t last;
  double drained = now() + 1;
  do {
    last = arrived(sink);
    sleep_for(0.03);
  } while (arrived(sink) != last && now() < drained);
  rate.delivered = arrived(sink) - before;
  close(generator);
  close(sink);
  return rate;
}

static bool holds(const struct rate *rate) {
  return rate->offered > 0 && (double)rate->delivered > (double)rate->offered * (1 - LOSS_LIMIT);
}

static void print(const struct rate *rate) {
  double per_second = 1 / rate->seconds;
  printf("offered_pps=%.0f\n", (double)rate->offered * per_second);
  printf("goodput_pps=%.0f\n", (double)rate->in_time * per_second);
  printf("loss=%.5f\n", rate->offered == 0 ? 1 : 1 - (double)rate->delivered / (double)rate->offered);
  printf("busy_cores=%.4f\n", rate->busy);
  printf("rps_wakeups_per_packet=%.4f\n", rate->delivered == 0 ? 0 : (double)rate->wakeups / (double)rate->delivered);
}

static void search(const struct ends *ends, struct flows flows, double first, double last, double seconds, int steps) {
  double best = 0;
  /* The logarithm is halved: the same number of steps gives the same relative precision wherever the rate lies. */
  double low = first, high = last, next = last;
  for (int step = 0; step <= steps; step++) {
    struct rate rate = run(ends, flows, next, seconds);
    /* One short absence of the machine is not the device's rate: a loss counts when it comes twice. */
    if (!holds(&rate)) {
      rate = run(ends, flows, next, seconds);
    }
    double offered = (double)rate.offered / rate.seconds;
    if (holds(&rate)) {
      best = offered > best ? offered : best;
      low = next;
    } else {
      high = next;
    }
    if (low >= high) {
      break;
    }
    next = sqrt(low * high);
  }
  printf("noloss_pps=%.0f\n", best);
  printf("is_generators_highest=%d\n", low >= last);
}

/* --- round trips */

static void echo(const struct ends *ends, pid_t parent) {
  char packet[64];
  struct sockaddr_in from;
  enter(ends->server_netns);
  int fd = udp_socket(ends->server_ipv4, ECHO_PORT);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* Else it was gone before the line above. */
  while (getppid() == parent) {
    socklen_t length = sizeof from;
    ssize_t bytes = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
    if (bytes >= 0 && sendto(fd, packet, (size_t)bytes, 0, (struct sockaddr *)&from, length) < 0) {
      fail("the echo can't answer: %s", strerror(errno));
    }
  }
  exit(0);
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Microseconds, or a negative number: no answer in time. */
static double round_trip(int fd, uint64_t sequence) {
  uint64_t answer;
  double start = now();
  if (send(fd, &sequence, sizeof sequence, 0) < 0) {
    return -1;
  }
  do {
    if (recv(fd, &answer, sizeof answer, 0) != sizeof answer) {
      return -1;
    }
  } while (answer != sequence && now() - start < REPLY_TIMEOUT_MS * 1e-3);
  return answer == sequence ? (now() - start) * 1e6 : -1;
}

static void ping(const struct ends *ends, double interval_us, int count) {
  pid_t self = getpid(), child = fork();
  if (child < 0) {
    fail("no process for the echo: %s", strerror(errno));
  }
  if (child == 0) {
    echo(ends, self);
  }
  enter(ends->client_netns);
  struct sockaddr_in server = at(ends->server_ipv4, ECHO_PORT);
  struct timeval patience = {0, REPLY_TIMEOUT_MS * 1000};
  int fd = udp_socket(ends->client_ipv4, 0);
  if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 || prctl(PR_SET_TIMERSLACK, 1UL) != 0) {
    fail("can't prepare the pings: %s", strerror(errno));
  }
  double *times = calloc((size_t)count, sizeof *times), end = now() + MOST_SECONDS;
  int answered = 0, sent = 0;
  if (times == NULL) {
    fail("no memory for %d times", count);
  }
  /* The echo may need a moment, the flow its first packets: neither is measured. */
  for (int i = 0; i < 20; i++) {
    round_trip(fd, UINT64_MAX - (uint64_t)i);
    sleep_for(2e-3);
  }
  for (; sent < count && now() < end; sent++) {
    double us = round_trip(fd, (uint64_t)sent);
    if (us >= 0) {
      times[answered++] = us;
    }
    sleep_for(interval_us * 1e-6);
  }
  kill(child, SIGKILL);
  if (answered == 0) {
    fail("no answer to any of %d pings", sent);
  }
  qsort(times, (size_t)answered, sizeof *times, compare);
  printf("p50_us=%.1f\n", times[answered / 2]);
  printf("p99_us=%.1f\n", times[answered * 99 / 100]);
  printf("lost=%d\n", sent - answered);
  free(times);
}

/* --- order */

struct order {
  uint64_t received, late;
  uint32_t furthest; /* places behind the latest one that was there before */
};

/* Reads datagrams until none has come for a second; each holds its number within its flow. */
static struct order read_numbers(int fd) {
  static uint32_t next[65536];
  static uint32_t numbers[BATCH];
  static struct sockaddr_in from[BATCH];
  static struct iovec parts[BATCH];
  static struct mmsghdr messages[BATCH];
  struct order order = {0};
  int got;
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){&numbers[i], sizeof numbers[i]};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i]};
  }
  do {
    for (int i = 0; i < BATCH; i++) {
      messages[i].msg_hdr.msg_namelen = sizeof from[i];
    }
    got = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) {
      uint32_t *expected = &next[ntohs(from[i].sin_port)];
      order.received++;
      if ((int32_t)(numbers[i] - *expected) < 0) {
        order.late++;
        order.furthest = *expected - numbers[i] > order.furthest ? *expected - numbers[i] : order.furthest;
      } else {
        *expected = numbers[i] + 1;
      }
    }
  } while (got > 0);
  return order;
}

static uint64_t send_numbers(const struct ends *ends, unsigned count, double pps, double seconds) {
  static int sockets[MOST_FLOWS];
  static uint32_t numbers[MOST_FLOWS];
  struct sockaddr_in server = at(ends->server_ipv4, DISCARD_PORT);
  uint64_t sent = 0;
  for (unsigned i = 0; i < count; i++) {
    sockets[i] = udp_socket(ends->client_ipv4, 0);
    if (connect(sockets[i], (struct sockaddr *)&server, sizeof server) != 0) {
      fail("can't connect: %s", strerror(errno));
    }
  }
  double start = now(), elapsed;
  while ((elapsed = now() - start) < seconds) {
    for (double due = elapsed * pps - (double)sent; due >= 1; due--) {
      unsigned flow = (unsigned)(sent % count);
      if (send(sockets[flow], &numbers[flow], sizeof numbers[flow], 0) < 0 && errno != ENOBUFS) {
        fail("can't send: %s", strerror(errno));
      }
      numbers[flow]++;
      sent++;
    }
  }
  return sent;
}

static void measure_order(const struct ends *ends, unsigned count, double pps, double seconds) {
  int size = SEND_BUFFER;
  struct timeval patience = {1, 0};
  enter(ends->server_netns);
  int sink = udp_socket(ends->server_ipv4, DISCARD_PORT);
  if (setsockopt(sink, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
      setsockopt(sink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    fail("can't prepare the sink: %s", strerror(errno));
  }
  pid_t child = fork();
  if (child < 0) {
    fail("no process for the sink: %s", strerror(errno));
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct order order = read_numbers(sink);
    printf("received=%llu\nlate=%llu\nfurthest=%u\n", (unsigned long long)order.received,
           (unsigned long long)order.late, order.furthest);
    fflush(stdout);
    _exit(0);
  }
  enter(ends->client_netns);
  uint64_t sent = send_numbers(ends, count, pps, seconds);
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) {
    fail("the sink ended before its time");
  }
  printf("sent=%llu\n", (unsigned long long)sent);
}

static struct flows flows(char *word) {
  size_t length = strlen(word);
  bool summed = length == 0 || word[length - 1] != 'z';
  if (!summed) {
    word[length - 1] = '\0';
  }
  return (struct flows){(unsigned)number(word, 1, MOST_FLOWS), summed};
}

int main(int count, char **words) {
  if (count < 11) {
    fail("expected ENDS and a command: see the head of udp.c");
  }
  struct ends ends = {words[1], words[2], words[3], words[4], words[5], words[6], -1};
  if (strcmp(words[7], "all") != 0) {
    ends.core = (int)number(words[7], 0, 4095);
  }
  const char *command = words[8];
  char **rest = words + 9;
  count -= 9;
  if (strcmp(command, "rate") == 0 && count == 3) {
    struct rate rate = run(&ends, flows(rest[0]), number(rest[1], 0, 1e8),
                           number(rest[2], 0.01, MOST_SECONDS));
    print(&rate);
  } else if (strcmp(command, "search") == 0 && count == 5) {
    search(&ends, flows(rest[0]), number(rest[1], 1, 1e8), number(rest[2], 1, 1e8),
           number(rest[3], 0.01, MOST_SECONDS), (int)number(rest[4], 1, 30));
  } else if (strcmp(command, "order") == 0 && count == 3) {
    measure_order(&ends, (unsigned)number(rest[0], 1, MOST_FLOWS), number(rest[1], 1, 1e8),
                  number(rest[2], 0.01, MOST_SECONDS));
  } else if (strcmp(command, "ping") == 0 && count == 2) {
    ping(&ends, number(rest[0], 0, 1e6), (int)number(rest[1], 1, 1e6));
  } else {
    fail("no such command, or not its arguments: %s", command);
  }
  return 0;
}
