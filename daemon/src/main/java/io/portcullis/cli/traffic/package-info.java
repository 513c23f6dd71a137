/**
 * Commands about the traffic of the running daemon: what was dropped, which rules are used, and who is connected.
 *
 * <p>May import {@code cli.daemon}, {@code cli.text}, {@code operations.traffic}, {@code policy.analysis}, {@code capture}, {@code
 * flowstore}, {@code diagnose} for the ssh session, {@code http}, {@code service.process} and {@code net}.
 */
@NullMarked
package io.portcullis.cli.traffic;

import org.jspecify.annotations.NullMarked;
