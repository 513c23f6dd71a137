/**
 * From groups to answers: {@link io.portcullis.policy.Policy#compile} turns a configuration into what one interface needs
 * to decide, an immutable {@link io.portcullis.policy.Policy} with one {@link io.portcullis.policy.RuleSet} per direction.
 * Compiled off the event loop, swapped in whole.
 *
 * <p>May import {@code config}. Start reading at {@code Policy.compile}.
 */
@NullMarked
package io.portcullis.policy;

import org.jspecify.annotations.NullMarked;
