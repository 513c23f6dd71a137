/**
 * Tags of all objects: {@link io.portcullis.ec2.tag.Tags} in the requests and answers of other actions, and the actions that change and
 * list them. {@link io.portcullis.ec2.tag.Resources} finds any object by its id.
 *
 * <p>May import {@code ec2}, {@code ec2.model}, {@code ec2.state}, {@code ec2.wire}. Start reading at {@code Tags}.
 */
@NullMarked
package io.portcullis.ec2.tag;

import org.jspecify.annotations.NullMarked;
