/**
 * Long work on the flows that an engine tracks, in slices: {@link io.portcullis.engine.review.Reviewer} says what a policy that is not in
 * force would make of them, {@link io.portcullis.engine.review.Flusher} ends some of them. Start reading at {@code Reviewer}.
 *
 * <p>May import {@code conntrack}, {@code policy} and {@code net}.
 */
@NullMarked
package io.portcullis.engine.review;

import org.jspecify.annotations.NullMarked;
