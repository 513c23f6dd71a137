/**
 * The gate: filters of classic BPF that decide on a host's NIC while no daemon does, from power-on to the daemon's start and, with
 * {@code on-failure: failsafe}, whenever it is dead. {@link io.portcullis.gate.GateFilters} compiles the link classes and the failsafe
 * rules of a policy; {@link io.portcullis.gate.BootFile} keeps them on the disk, as a batch file of tc(8). {@link
 * io.portcullis.intercept.Gate} attaches and removes them while a daemon runs.
 *
 * <p>May import {@code intercept}, {@code policy}, {@code config}, {@code linux}, {@code packet} and {@code net}. Start reading at
 * {@code GateProgram}.
 */
@NullMarked
package io.portcullis.gate;

import org.jspecify.annotations.NullMarked;
