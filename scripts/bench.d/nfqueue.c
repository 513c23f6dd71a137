/*
 * A firewall in user space behind the kernel's own queue, for scripts/bench: every packet that the bridge of its network
 * namespace forwards waits in an nfnetlink queue until this program has decided about it.
 *
 *   nfqueue SERVER_IPV4     sets up rule and queue, prints "ready", decides until a signal ends it
 *   nfqueue try             only sets them up: does this kernel let us?
 *
 * It decides as the nft row does and keeps as little state as that takes, so that the row shows what the way through the
 * queue costs. Open: TCP 80 and 5201, UDP 7 and 9, echo at the server, whatever the server begins. No IPv6, no ICMP errors.
 * Raw netlink, so that nothing has to be installed for it. What it can't do is one line on stderr and exit code 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netlink.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum {
  QUEUE = 0,
  QUEUE_LENGTH = 4096,
  WHOLE_PACKET = 0xffff - NLA_HDRLEN, /* the most that an attribute holds */
  RECEIVE_BUFFER = 256 << 20,
  BATCH = 64,
  MESSAGE = 1 << 17, /* a whole packet and what the kernel says about it */
  SETS = 1 << 18,
  WAYS = 4,
};

/* Seconds without a packet after which a flow is forgotten. */
enum { TCP_IDLE = 3600, CLOSED_IDLE = 10, OTHER_IDLE = 120 };

/* --- flows: a table of fixed size; in a full set the flow that would be forgotten first makes room */

/* Both directions have the same key: the lower end stands first. An echo has its identifier as both ports. */
struct key {
  uint32_t address[2];
  uint16_t port[2];
  uint32_t protocol;
};

struct flow {
  struct key key;
  uint32_t expires; /* 0: none */
  bool closing;
};

struct packet {
  struct key key;
  uint32_t source, destination;
  uint16_t destination_port;
  bool begins; /* may be the first of a flow */
  bool ends;   /* TCP: FIN or RST */
};

static struct flow table[SETS][WAYS];
static uint32_t server;

static uint32_t set_of(const struct key *key) {
  uint64_t words[2];
  _Static_assert(sizeof words == sizeof *key, "a key without gaps");
  memcpy(words, key, sizeof words);
  return (uint32_t)(((words[0] ^ words[1] * 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93) >> 40) % SETS;
}

static struct flow *find(const struct key *key, uint32_t time) {
  struct flow *set = table[set_of(key)];
  for (int i = 0; i < WAYS; i++) {
    if (set[i].expires > time && memcmp(&set[i].key, key, sizeof *key) == 0) {
      return &set[i];
    }
  }
  return NULL;
}

static struct flow *make(const struct key *key) {
  struct flow *set = table[set_of(key)], *flow = set;
  for (int i = 1; i < WAYS; i++) {
    flow = set[i].expires < flow->expires ? &set[i] : flow;
  }
  flow->key = *key;
  return flow;
}

/* --- the decision */

static void order(struct packet *packet, uint16_t source_port) {
  bool source = packet->source > packet->destination; /* which of the two ends it is */
  packet->key.address[source] = packet->source;
  packet->key.address[!source] = packet->destination;
  packet->key.port[source] = source_port;
  packet->key.port[!source] = packet->destination_port;
}

/* False: nothing that belongs to a flow. Later fragments have no ports and belong to none. */
static bool parse(const uint8_t *bytes, size_t length, struct packet *packet) {
  struct iphdr ip;
  if (length < sizeof ip) {
    return false;
  }
  memcpy(&ip, bytes, sizeof ip);
  size_t header = ip.ihl * 4U;
  if (ip.version != 4 || header < sizeof ip || length < header || (ntohs(ip.frag_off) & IP_OFFMASK) != 0) {
    return false;
  }
  bytes += header;
  length -= header;
  *packet = (struct packet){.source = ip.saddr, .destination = ip.daddr, .key.protocol = ip.protocol, .begins = true};
  if (ip.protocol == IPPROTO_TCP && length >= sizeof(struct tcphdr)) {
    struct tcphdr tcp;
    memcpy(&tcp, bytes, sizeof tcp);
    packet->begins = tcp.syn && !tcp.ack;
    packet->ends = tcp.fin || tcp.rst;
    packet->destination_port = ntohs(tcp.dest);
    order(packet, ntohs(tcp.source));
    return true;
  }
  if (ip.protocol == IPPROTO_UDP && length >= sizeof(struct udphdr)) {
    struct udphdr udp;
    memcpy(&udp, bytes, sizeof udp);
    packet->destination_port = ntohs(udp.dest);
    order(packet, ntohs(udp.source));
    return true;
  }
  if (ip.protocol == IPPROTO_ICMP && length >= sizeof(struct icmphdr)) {
    struct icmphdr icmp;
    memcpy(&icmp, bytes, sizeof icmp);
    packet->begins = icmp.type == ICMP_ECHO;
    packet->destination_port = ntohs(icmp.un.echo.id);
    order(packet, packet->destination_port);
    return icmp.type == ICMP_ECHO || icmp.type == ICMP_ECHOREPLY;
  }
  return false;
}

static bool admitted_by_rule(const struct packet *packet) {
  const uint16_t port = packet->destination_port;
  if (packet->source == server) {
    return true;
  }
  return packet->destination == server &&
         (packet->key.protocol == IPPROTO_ICMP || (packet->key.protocol == IPPROTO_TCP && (port == 80 || port == 5201)) ||
          (packet->key.protocol == IPPROTO_UDP && (port == 7 || port == 9)));
}

static bool admitted(const uint8_t *bytes, size_t length, uint32_t time) {
  struct packet packet;
  if (!parse(bytes, length, &packet)) {
    return false;
  }
  struct flow *flow = find(&packet.key, time);
  if (flow == NULL) {
    if (!packet.begins || !admitted_by_rule(&packet)) {
      return false;
    }
    flow = make(&packet.key);
    flow->closing = false;
  }
  flow->closing = packet.ends || (flow->closing && !packet.begins);
  flow->expires = time + (packet.key.protocol != IPPROTO_TCP ? OTHER_IDLE : flow->closing ? CLOSED_IDLE : TCP_IDLE);
  return true;
}

/* --- netlink: messages are put one behind the other into a buffer */

struct buffer {
  _Alignas(NLMSG_ALIGNTO) uint8_t bytes[8192];
  size_t length;
};

static void *put(struct buffer *buffer, size_t length) {
  void *place = buffer->bytes + buffer->length;
  if (NLMSG_ALIGN(length) > sizeof buffer->bytes - buffer->length) {
    fail("no room for another message");
  }
  memset(place, 0, NLMSG_ALIGN(length));
  buffer->length += NLMSG_ALIGN(length);
  return place;
}

static struct nlmsghdr *begin(struct buffer *buffer, int type, int flags, int family, uint16_t resource) {
  struct nlmsghdr *message = put(buffer, sizeof *message);
  struct nfgenmsg *general = put(buffer, sizeof *general);
  message->nlmsg_type = (uint16_t)type;
  message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
  *general = (struct nfgenmsg){(uint8_t)family, NFNETLINK_V0, htons(resource)};
  return message;
}

static void end(struct buffer *buffer, struct nlmsghdr *message) {
  message->nlmsg_len = (uint32_t)(buffer->bytes + buffer->length - (uint8_t *)message);
}

static void attribute(struct buffer *buffer, int type, const void *value, size_t length) {
  struct nlattr *attribute = put(buffer, sizeof *attribute + length);
  *attribute = (struct nlattr){(uint16_t)(sizeof *attribute + length), (uint16_t)type};
  memcpy(attribute + 1, value, length);
}

static void text(struct buffer *buffer, int type, const char *value) { attribute(buffer, type, value, strlen(value) + 1); }

static void number32(struct buffer *buffer, int type, uint32_t value) {
  value = htonl(value);
  attribute(buffer, type, &value, sizeof value);
}

static struct nlattr *nest(struct buffer *buffer, int type) {
  struct nlattr *attribute = put(buffer, sizeof *attribute);
  attribute->nla_type = (uint16_t)(type | NLA_F_NESTED);
  return attribute;
}

static void close_nest(struct buffer *buffer, struct nlattr *attribute) {
  attribute->nla_len = (uint16_t)(buffer->bytes + buffer->length - (uint8_t *)attribute);
}

static int open_netlink(void) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0 || connect(fd, (struct sockaddr *)&kernel, sizeof kernel) != 0) {
    fail("no netlink socket of netfilter: %s", strerror(errno));
  }
  return fd;
}

/* Sends what is in the buffer and waits for so many answers: only the first fault is of interest. */
static void ask(int fd, struct buffer *buffer, int answers, const char *what) {
  _Alignas(NLMSG_ALIGNTO) uint8_t answer[16384];
  if (send(fd, buffer->bytes, buffer->length, 0) < 0) {
    fail("%s: %s", what, strerror(errno));
  }
  buffer->length = 0;
  while (answers > 0) {
    ssize_t length = recv(fd, answer, sizeof answer, 0);
    if (length < 0) {
      fail("%s: %s", what, strerror(errno));
    }
    int rest = (int)length;
    for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, rest);
         message = NLMSG_NEXT(message, rest)) {
      struct nlmsgerr error;
      if (message->nlmsg_type != NLMSG_ERROR) {
        continue;
      }
      memcpy(&error, NLMSG_DATA(message), sizeof error);
      if (error.error != 0) {
        fail("%s: the kernel refuses: %s", what, strerror(-error.error));
      }
      answers--;
    }
  }
}

/* --- rule and queue */

/*
 * One table with one chain with one rule: iptables' target NFQUEUE, as the iptables command of today has it in nftables.
 * What nft itself says for it, "queue", is missing in more kernels. The table is ours: it goes with the socket.
 */
static void set_rule(int fd) {
  static const char name[] = "nfqueue", chain_name[] = "forward";
  /* The kernel wants the size that it has in the kernel. */
  const union {
    struct xt_NFQ_info queue;
    uint64_t size;
  } info = {.queue.queuenum = QUEUE};
  struct buffer buffer = {.length = 0};
  struct nlmsghdr *message = begin(&buffer, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  end(&buffer, message);

  message = begin(&buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
  text(&buffer, NFTA_TABLE_NAME, name);
  number32(&buffer, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
  end(&buffer, message);

  message = begin(&buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
  text(&buffer, NFTA_CHAIN_TABLE, name);
  text(&buffer, NFTA_CHAIN_NAME, chain_name);
  text(&buffer, NFTA_CHAIN_TYPE, "filter");
  struct nlattr *hook = nest(&buffer, NFTA_CHAIN_HOOK);
  number32(&buffer, NFTA_HOOK_HOOKNUM, NF_INET_FORWARD);
  number32(&buffer, NFTA_HOOK_PRIORITY, 0);
  close_nest(&buffer, hook);
  end(&buffer, message);

  message = begin(&buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
                  NFPROTO_INET, 0);
  text(&buffer, NFTA_RULE_TABLE, name);
  text(&buffer, NFTA_RULE_CHAIN, chain_name);
  struct nlattr *expressions = nest(&buffer, NFTA_RULE_EXPRESSIONS);
  struct nlattr *element = nest(&buffer, NFTA_LIST_ELEM);
  text(&buffer, NFTA_EXPR_NAME, "target");
  struct nlattr *target = nest(&buffer, NFTA_EXPR_DATA);
  text(&buffer, NFTA_TARGET_NAME, "NFQUEUE");
  number32(&buffer, NFTA_TARGET_REV, 0);
  attribute(&buffer, NFTA_TARGET_INFO, &info, sizeof info);
  close_nest(&buffer, target);
  close_nest(&buffer, element);
  close_nest(&buffer, expressions);
  end(&buffer, message);

  message = begin(&buffer, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  end(&buffer, message);
  ask(fd, &buffer, 3, "no rule that queues packets");
}

static void bind_queue(int fd) {
  struct nfqnl_msg_config_cmd command = {.command = NFQNL_CFG_CMD_BIND};
  struct nfqnl_msg_config_params parameters = {htonl(WHOLE_PACKET), NFQNL_COPY_PACKET};
  struct buffer buffer = {.length = 0};
  struct nlmsghdr *message = begin(&buffer, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, QUEUE);
  attribute(&buffer, NFQA_CFG_CMD, &command, sizeof command);
  attribute(&buffer, NFQA_CFG_PARAMS, &parameters, sizeof parameters);
  number32(&buffer, NFQA_CFG_QUEUE_MAXLEN, QUEUE_LENGTH);
  /* Super-frames come whole and checksums unfinished, as the ring row has them. */
  number32(&buffer, NFQA_CFG_MASK, NFQA_CFG_F_GSO);
  number32(&buffer, NFQA_CFG_FLAGS, NFQA_CFG_F_GSO);
  end(&buffer, message);
  ask(fd, &buffer, 1, "no nfnetlink queue");

  int size = RECEIVE_BUFFER, yes = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof yes) != 0) {
    fail("can't prepare the queue's socket: %s", strerror(errno));
  }
}

/* --- the loop */

static void verdict(struct buffer *buffer, int type, uint32_t what, uint32_t id) {
  struct nfqnl_msg_verdict_hdr header = {htonl(what), id};
  struct nlmsghdr *message = begin(buffer, NFNL_SUBSYS_QUEUE << 8 | type, 0, AF_UNSPEC, QUEUE);
  attribute(buffer, NFQA_VERDICT_HDR, &header, sizeof header);
  end(buffer, message);
}

/* Whether the message is a packet that may pass; its id, in network order, if so. A drop is said at once. */
static bool decide(const uint8_t *bytes, size_t length, uint32_t time, struct buffer *verdicts, uint32_t *id) {
  struct nlmsghdr message;
  struct nfqnl_msg_packet_hdr header = {0};
  const uint8_t *payload = NULL;
  size_t payload_length = 0;
  memcpy(&message, bytes, sizeof message);
  if (length < sizeof message || message.nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)) {
    return false;
  }
  for (size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg)); at + NLA_HDRLEN <= length;) {
    struct nlattr attribute;
    memcpy(&attribute, bytes + at, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > length - at) {
      break;
    }
    if ((attribute.nla_type & NLA_TYPE_MASK) == NFQA_PACKET_HDR) {
      memcpy(&header, bytes + at + NLA_HDRLEN, sizeof header);
    } else if ((attribute.nla_type & NLA_TYPE_MASK) == NFQA_PAYLOAD) {
      payload = bytes + at + NLA_HDRLEN;
      payload_length = attribute.nla_len - NLA_HDRLEN;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  if (!admitted(payload, payload_length, time)) {
    verdict(verdicts, NFQNL_MSG_VERDICT, NF_DROP, header.packet_id);
    return false;
  }
  *id = header.packet_id;
  return true;
}

static void forward(int fd) {
  static uint8_t bytes[BATCH][MESSAGE];
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH] = {0};
  struct buffer verdicts = {.length = 0};
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){bytes[i], MESSAGE};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0 && errno != EINTR) {
      fail("can't read the queue: %s", strerror(errno));
    }
    uint32_t time = (uint32_t)now(), last;
    bool any = false;
    for (int i = 0; i < count; i++) {
      any |= decide(bytes[i], messages[i].msg_len, time, &verdicts, &last);
    }
    /* Up to the last one that may pass: those before it that may not are gone by then. */
    if (any) {
      verdict(&verdicts, NFQNL_MSG_VERDICT_BATCH, NF_ACCEPT, last);
    }
    /* A verdict that comes too late is answered in the queue, and no fault. */
    if (verdicts.length > 0 && send(fd, verdicts.bytes, verdicts.length, 0) < 0) {
      fail("can't send verdicts: %s", strerror(errno));
    }
    verdicts.length = 0;
  }
}

int main(int count, char **words) {
  bool only_try = count == 2 && strcmp(words[1], "try") == 0;
  if (count != 2 || (!only_try && inet_pton(AF_INET, words[1], &server) != 1)) {
    fail("expected SERVER_IPV4 or try");
  }
  int rule = open_netlink(), queue = open_netlink();
  bind_queue(queue);
  set_rule(rule);
  if (!only_try) {
    puts("ready");
    fflush(stdout);
    forward(queue);
  }
  return 0;
}
