/**
 * What the actions about groups, lists and ACLs do: each reads its arguments, looks at the cloud, and answers or proposes a change. {@link
 * io.portcullis.ec2.action.Actions} has them all by name.
 *
 * <p>May import {@code ec2}, {@code ec2.model}, {@code ec2.state}, {@code ec2.wire}, {@code ec2.tag}, {@code ec2.host}, {@code config},
 * {@code config.edit}, {@code net}. Start reading at {@code Actions}.
 */
@NullMarked
package io.portcullis.ec2.action;

import org.jspecify.annotations.NullMarked;
