/**
 * Programs in the kernel: a {@link io.portcullis.linux.bpf.BpfProgram} is loaded by {@link io.portcullis.linux.bpf.Bpf}, {@link
 * io.portcullis.linux.bpf.Tcx} and {@link io.portcullis.linux.bpf.Clsact} attach them to the two lists of traffic
 * control, {@link io.portcullis.linux.bpf.Xdp} reads XDP programs, {@link io.portcullis.linux.bpf.Pins} keeps files of bpffs, {@link
 * io.portcullis.linux.bpf.BpfArray} is memory shared with programs.
 *
 * <p>May import {@code linux}, {@code linux.netlink} and {@code net}. Start reading at {@code Bpf}.
 */
@NullMarked
package io.portcullis.linux.bpf;

import org.jspecify.annotations.NullMarked;
