/**
 * What a policy that is not in force would make of the flows that an engine tracks. Start reading at {@link
 * io.portcullis.engine.review.Reviewer}.
 *
 * <p>May import {@code conntrack}, {@code policy} and {@code net}.
 */
@NullMarked
package io.portcullis.engine.review;

import org.jspecify.annotations.NullMarked;
