/**
 * One guarded interface: {@link io.portcullis.guard.InterfaceOpener} opens its NICs, ports, flow tables and workers; {@link
 * io.portcullis.guard.GuardedInterface} starts, changes and stops them. One thread an interface checks its programs and NICs ({@link
 * io.portcullis.guard.InterceptionMonitor}), watches the NICs of its ports, and passes on a lost carrier ({@code LinkFollower}). {@link
 * io.portcullis.guard.WarmUp} compiles the hot path before the first frame. {@link io.portcullis.guard.FastPath} decides whether an interface
 * has one, and holds the memory that it shares with its programs.
 *
 * <p>May import {@code worker}, {@code hits}, {@code hits.file}, {@code port}, {@code intercept}, {@code fastpath}, {@code engine}, {@code flowstore}, {@code
 * conntrack}, {@code policy}, {@code policy.analysis}, {@code config}, {@code journal}, {@code linux}, {@code packet} and {@code net}. Start reading at
 * {@code InterfaceOpener.open}.
 */
@NullMarked
package io.portcullis.guard;

import org.jspecify.annotations.NullMarked;
