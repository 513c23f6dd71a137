/**
 * Commands about the traffic of the running daemon: what was dropped, and which rules are used.
 *
 * <p>May import {@code cli.daemon}, {@code cli.text}, {@code operations.traffic}, {@code policy.analysis}, {@code capture}, {@code http},
 * {@code service.process} and {@code net}.
 */
@NullMarked
package io.portcullis.cli.traffic;

import org.jspecify.annotations.NullMarked;
