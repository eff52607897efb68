// Announces to a UDP tracker (BEP 15) as fast as it answers: a client in C, so that the tracker is what is measured.
//   udp-load PORT SECONDS WINDOW SWARMS PEERS   keeps WINDOW announces under way, of peers and swarms drawn by chance
//   udp-load PORT 0 WINDOW SWARMS PEERS         announces each peer of each swarm once
// It prints {"answered":N,"failed":N,"lost":N,"seconds":S,"bytes":B}, where B are the bytes of an answer on average.
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static uint64_t chance = 88172645463325252ULL;
static uint64_t draw(uint64_t below) {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  chance ^= chance << 17;
  return chance % below;
}

static void put(unsigned char *at, uint64_t value, int bytes) {
  while (bytes-- > 0) {
    at[bytes] = value & 0xff;
    value >>= 8;
  }
}

int main(int count, char **args) {
  if (count != 6) return 2;
  double seconds = atof(args[2]);
  long window = atol(args[3]);
  uint64_t swarms = atol(args[4]), peers = atol(args[5]);
  int sock = socket(AF_INET, SOCK_DGRAM, 0);
  int buffer = 8 << 20;
  setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(args[1]))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (connect(sock, (struct sockaddr *)&to, sizeof to) != 0) return 1;

  unsigned char in[4096], out[98] = {0};
  put(out, 0x41727101980ULL, 8);
  send(sock, out, 16, 0);
  struct pollfd readable = {.fd = sock, .events = POLLIN};
  if (poll(&readable, 1, 5000) != 1 || recv(sock, in, sizeof in, 0) < 16 || in[3] != 0) return 1;
  memcpy(out, in + 8, 8);
  put(out + 8, 1, 4);
  put(out + 64, 1000, 8);
  put(out + 92, 50, 4);
  memcpy(out + 36, "-XX0001-", 8);

  long sent = 0, under_way = 0, answered = 0, failed = 0, lost = 0, bytes = 0;
  long all = seconds > 0 ? -1 : (long)(swarms * peers);
  double began = now();
  while (all < 0 ? now() - began < seconds : sent < all || under_way > 0) {
    for (; under_way < window && (all < 0 || sent < all); sent++, under_way++) {
      uint64_t swarm = all < 0 ? draw(swarms) : sent % swarms;
      uint64_t peer = all < 0 ? draw(peers) : sent / swarms;
      put(out + 12, sent, 4);
      for (int at = 0; at < 20; at += 4) put(out + 16 + at, (swarm + 1) * 2654435761u, 4);
      put(out + 48, (swarm * peers + peer + 1) * 2654435761u, 8);
      put(out + 96, 1025 + peer, 2);
      if (send(sock, out, sizeof out, 0) != sizeof out) break;
    }
    if (poll(&readable, 1, 200) == 0) {
      lost += under_way;
      under_way = 0;
      continue;
    }
    long length;
    while ((length = recv(sock, in, sizeof in, MSG_DONTWAIT)) > 0) {
      under_way--;
      bytes += length;
      if (in[3] == 1) answered++;
      else failed++;
    }
  }
  printf("{\"answered\":%ld,\"failed\":%ld,\"lost\":%ld,\"seconds\":%.3f,\"bytes\":%ld}\n", answered, failed, lost,
         now() - began, answered > 0 ? bytes / answered : 0);
  return 0;
}
