/**
 * This host in EC2's terms: the region and the account, the VPC, one instance, its network interfaces and their subnets. Only the groups
 * of an interface can be changed. {@link io.portcullis.ec2.host.HostActions} has the actions by name.
 *
 * <p>May import {@code ec2}, {@code ec2.auth}, {@code ec2.model}, {@code ec2.state}, {@code ec2.tag}, {@code ec2.wire}, {@code config},
 * {@code config.edit}, {@code net}. Start reading at {@code InterfaceActions}.
 */
@NullMarked
package io.portcullis.ec2.host;

import org.jspecify.annotations.NullMarked;
