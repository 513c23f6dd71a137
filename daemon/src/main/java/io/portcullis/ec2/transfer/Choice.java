package io.portcullis.ec2.transfer;

import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.Interface;
import io.portcullis.config.read.ConfigReader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The interface of this host that a network interface of EC2 becomes.
 *
 * @param which a DeviceIndex, {@code subnet-…} or {@code eni-…}
 * @param name of the interface in the configuration
 * @param nic null: that of the interface of this name in the existing configuration, else the same as the name
 */
public record Choice(String which, String name, @Nullable String nic) {
    private static final Pattern TEXT = Pattern.compile("([^=]+)=([^=:\\s]+)(?::(\\S+))?");
    private static final Pattern INDEX = Pattern.compile("[0-9]{1,4}");

    /**
     * Of {@code WHICH=NAME} or {@code WHICH=NAME:NIC}.
     *
     * @throws IllegalArgumentException with a text for people
     */
    public static Choice parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text + ": write WHICH=NAME or WHICH=NAME:NIC, such as 0=web0:eth0");
        }
        String which = matcher.group(1);
        if (!INDEX.matcher(which).matches() && !Kind.SUBNET.isId(which) && !Kind.INTERFACE.isId(which)) {
            throw new IllegalArgumentException(
                    which + ": must be a DeviceIndex such as 0, a subnet's id or a network interface's id");
        }
        if (!ConfigReader.isName(matcher.group(2))) {
            throw new IllegalArgumentException(matcher.group(2) + ": is not valid as the name of an interface");
        }
        String nic = matcher.group(3);
        if (nic != null && !Interface.isNicName(nic)) {
            throw new IllegalArgumentException(nic + ": is no name of a NIC");
        }
        return new Choice(which, matcher.group(2), nic);
    }

    /** True: the choice is about this network interface. */
    boolean isOf(Account.Nic nic) {
        return which.equals(String.valueOf(nic.deviceIndex())) || which.equals(nic.subnet()) || which.equals(nic.id());
    }
}
