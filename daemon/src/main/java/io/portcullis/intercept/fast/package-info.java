/**
 * What the interception of an interface needs from a fast path: {@link io.portcullis.intercept.fast.FastPrograms}, for each
 * {@link io.portcullis.intercept.fast.FastPort}.
 *
 * <p>May import {@code linux.bpf}, {@code config} and {@code net}.
 */
@NullMarked
package io.portcullis.intercept.fast;

import org.jspecify.annotations.NullMarked;
