/**
 * Compiled rules: {@link io.portcullis.policy.Policy#compile} compiles one interface of a configuration to an immutable {@link
 * io.portcullis.policy.Policy} with one {@link io.portcullis.policy.RuleSet} per direction. It runs off the event loop, and a policy is
 * replaced as a whole.
 *
 * <p>May import {@code config} and {@code net}. Start reading at {@code Policy.compile}.
 */
@NullMarked
package io.portcullis.policy;

import org.jspecify.annotations.NullMarked;
