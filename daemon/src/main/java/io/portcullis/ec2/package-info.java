/**
 * The EC2 endpoint: EC2's Query protocol over HTTP, so that AWS's own clients manage this host's security groups. {@link
 * io.portcullis.ec2.Endpoint} checks who calls and what, and hands the call to an {@link io.portcullis.ec2.ActionHandler}, which reads
 * and changes a {@link io.portcullis.ec2.CloudStore}; {@link io.portcullis.ec2.Ec2Server} puts it on TCP.
 *
 * <p>May import {@code ec2.auth}, {@code ec2.wire}, {@code ec2.model}, {@code ec2.state}, {@code config.edit}, {@code http}. Start
 * reading at {@code Endpoint}.
 */
@NullMarked
package io.portcullis.ec2;

import org.jspecify.annotations.NullMarked;
