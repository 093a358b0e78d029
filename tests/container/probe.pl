# What the unit that runs this can do: one line an attempt, "ATTEMPT ok" or "ATTEMPT CAUSE". Nothing stays of what succeeds.
#
#   perl probe.pl ATTEMPT...      an attempt is KIND:OBJECT
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

my %number = (
    x86_64 => {mmap => 9, ptrace => 101, personality => 135, mount => 165, sethostname => 170, unshare => 272},
    aarch64 => {mmap => 222, ptrace => 117, personality => 92, mount => 40, sethostname => 161, unshare => 97},
);
my $call = $number{(POSIX::uname())[4]};
my %namespace = (user => 0x10000000, net => 0x40000000, mnt => 0x00020000);
my %family = (inet => AF_INET, netlink => 16, packet => 17);

sub call { my ($name, @arguments) = @_; return syscall($call->{$name}, @arguments) != -1; }

# In a process of its own, which may change for good.
sub apart {
    my ($try) = @_;
    my $child = fork() // die;
    POSIX::_exit($try->() ? 0 : $! + 0 || 255) if $child == 0;
    waitpid($child, 0);
    $! = $? >> 8;
    return $? == 0;
}

sub connects {
    my ($family, $type, $address) = @_;
    socket(my $socket, $family, $type, 0) or return 0;
    return connect($socket, $address);
}

my %try = (
    read => sub { sysopen(my $file, $_[0], O_RDONLY) or return 0; defined sysread($file, my $byte, 1) },
    write => sub { my $path = "$_[0]/ntsbox-probe"; sysopen(my $file, $path, O_WRONLY | O_CREAT | O_EXCL) && unlink $path },
    datagram => sub { connects(AF_UNIX, SOCK_DGRAM, pack_sockaddr_un($_[0])) },
    stream => sub { connects(AF_UNIX, SOCK_STREAM, pack_sockaddr_un($_[0])) },
    loopback => sub { connects(AF_INET, SOCK_STREAM, pack_sockaddr_in($_[0], INADDR_LOOPBACK)) },
    socket => sub { socket(my $socket, $family{$_[0]}, $_[0] eq "inet" ? SOCK_DGRAM : SOCK_RAW, 0) },
    unshare => sub { my $flag = $namespace{$_[0]}; apart(sub { call("unshare", $flag) }) },
    mount => sub { my $place = $_[0]; apart(sub { call("unshare", $namespace{mnt}) && call("mount", "tmpfs", $place, "tmpfs", 0, 0) }) },
    hostname => sub { my $name = (POSIX::uname())[1]; call("sethostname", $name, length $name) },
    personality => sub { my $value = 0x0040000; apart(sub { call("personality", $value) }) },
    # PROT_READ, PROT_WRITE and PROT_EXEC; MAP_PRIVATE and MAP_ANONYMOUS.
    memory => sub { call("mmap", 0, 4096, 7, 0x22, -1, 0) },
    signal => sub { kill(0, $_[0]) },
    # PTRACE_SEIZE, which does not stop the process.
    trace => sub { my $process = $_[0] + 0; apart(sub { call("ptrace", 0x4206, $process, 0, 0) }) },
    user => sub { my $user = $_[0] + 0; apart(sub { POSIX::setuid($user) }) },
    group => sub { mkdir("$_[0]/ntsbox-probe") && rmdir("$_[0]/ntsbox-probe") },
);

$| = 1;
for my $attempt (@ARGV) {
    my ($kind, $object) = split(/:/, $attempt, 2);
    $! = 0;
    print "$attempt ", ($try{$kind}->($object) ? "ok" : "$!"), "\n";
}
