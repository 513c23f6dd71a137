# Where a core's time goes, from the stacks that perf has sampled: perf script | awk -f breakdown.awk
# A sample counts once, for the first of these that its stack has. Of portcullis' own threads only the workers are "Java".
function count(    what) {
  if (!begun) return
  if (stack ~ /net_rps_send_ipi/) what = "kernel: interrupt to the far core"
  else if (stack ~ /tpacket_rcv|__netif_receive_skb|process_backlog|net_rx_action/) what = "kernel: receive"
  else if (stack ~ /packet_sendmsg|__sys_sendmmsg/) what = "kernel: send"
  else if (stack ~ /packet_recvmsg|__sys_recvfrom/) what = "kernel: copy of long frames"
  else if (stack ~ /ep_poll|epoll_wait|epoll_pwait/) what = "kernel: epoll"
  else if (stack ~ /do_syscall_64/) what = "kernel: other calls"
  else if (stack ~ /asm_sysvec|irq_exit|handle_softirqs/) what = "kernel: interrupts"
  else if (stack ~ /^portcullis-/) what = "Java"
  else what = "other threads"
  counts[what]++
  total++
}
/^$/ { next }
/^[^ \t]/ { count(); begun = 1; stack = $0; next }
{ stack = stack " " $0 }
END {
  count()
  for (what in counts) printf "%5.1f %%  %s\n", 100 * counts[what] / total, what
}
