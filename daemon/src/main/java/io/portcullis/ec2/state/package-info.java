/**
 * What the endpoint knows and no configuration file can say: ids of rules that were modified, tags, versions of prefix lists, tokens of
 * clients. {@link io.portcullis.ec2.state.StateFile} keeps it across restarts.
 *
 * <p>May import {@code linux}, Jackson. Start reading at {@code State}.
 */
@NullMarked
package io.portcullis.ec2.state;

import org.jspecify.annotations.NullMarked;
