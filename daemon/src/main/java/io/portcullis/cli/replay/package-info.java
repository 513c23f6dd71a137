/**
 * {@code portcullis replay}: a capture file goes through the engine, under the policy of one interface and with the clock of the
 * capture. No root, no daemon, no NIC. Memory does not grow with the file.
 *
 * <p>May import {@code engine}, {@code packet}, {@code policy}, {@code policy.analysis}, {@code config}, {@code capture}, {@code
 * diagnose} (to read configurations), {@code service.process} (the version), {@code cli.text} and {@code net}. Start reading at
 * {@code ReplayCommand}, then {@code Replay}.
 */
@NullMarked
package io.portcullis.cli.replay;

import org.jspecify.annotations.NullMarked;
