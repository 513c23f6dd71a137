/**
 * The configuration in EC2's terms: {@link io.portcullis.ec2.model.Cloud} has its groups, rules, network interfaces, prefix lists and
 * ACLs, each with its id. Immutable, without I/O.
 *
 * <p>May import {@code config}, {@code config.edit} for permissions, {@code ec2.state}, {@code net}. Start reading at {@code Cloud}.
 */
@NullMarked
package io.portcullis.ec2.model;

import org.jspecify.annotations.NullMarked;
