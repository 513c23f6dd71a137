/**
 * The command line, one class per command; {@link io.portcullis.cli.Cli} is the root. Exit codes: 0 success, 1 "no"
 * (invalid, refused), 2 misuse, 3 the daemon cannot be reached.
 *
 * <p>May import {@code operations}, {@code http} (the client), {@code service} and {@code service.command}, {@code diagnose}, {@code
 * policy.analysis}, {@code config}, {@code config.read} and {@code net}. Start reading at {@code Cli}.
 */
@NullMarked
package io.portcullis.cli;

import org.jspecify.annotations.NullMarked;
