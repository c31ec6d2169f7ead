#!/usr/bin/perl
# An SMSC on Debian's Net::SMPP: binds, takes submit_sm, answers with an id in hexadecimal, and sends a receipt with the id in
# decimal. It prints its port, then a line of name=hex pairs for each PDU it read, and ends with its standard input.
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

$| = 1;
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34) or die "cannot listen: $!";
print "port=", $server->sockport, "\n";

my @fields = qw(
  system_id password interface_version service_type source_addr_ton source_addr_npi source_addr dest_addr_ton dest_addr_npi
  destination_addr esm_class protocol_id priority_flag schedule_delivery_time validity_period registered_delivery data_coding
  short_message message_payload sar_msg_ref_num sar_total_segments sar_segment_seqnum user_message_reference message_id
);

sub show {
  my ($pdu) = @_;
  my $name = Net::SMPP::pdu_tab->{ $pdu->{cmd} }{cmd} // 'unknown';
  my @pairs = map { defined $pdu->{$_} ? "$_=" . unpack('H*', $pdu->{$_}) : () } @fields;
  print join(' ', "command=$name", "status=$pdu->{status}", @pairs), "\n";
}

my $number = 2590;

sub answer {
  my ($session, $pdu) = @_;
  my $name = Net::SMPP::pdu_tab->{ $pdu->{cmd} }{cmd} // '';
  if ($name =~ /^bind_/) {
    my $method = "${name}_resp";
    $session->$method(system_id => 'net-smpp', seq => $pdu->{seq}, sc_interface_version => chr 0x34);
  } elsif ($name eq 'submit_sm') {
    $number++;
    $session->submit_sm_resp(message_id => sprintf('%X', $number), seq => $pdu->{seq});
    my $text = "id:$number sub:001 dlvrd:001 submit date:2401011200 done date:2401011201 stat:DELIVRD err:000 text:";
    $session->deliver_sm(
      async => 1,
      esm_class => 4,
      source_addr_ton => 1,
      source_addr_npi => 1,
      source_addr => $pdu->{destination_addr},
      destination_addr => $pdu->{source_addr},
      short_message => $text,
    );
  } elsif ($name eq 'enquire_link') {
    $session->enquire_link_resp(seq => $pdu->{seq});
  } elsif ($name eq 'unbind') {
    $session->unbind_resp(seq => $pdu->{seq});
    return 0;
  }
  return 1;
}

# Ends when the test does.
my $waiting = IO::Select->new($server, \*STDIN);
while (1) {
  my @ready = $waiting->can_read;
  exit 0 if grep { $_ == \*STDIN } @ready;
  my $session = $server->accept or next;
  while (my $pdu = $session->read_pdu) {
    show($pdu);
    last unless answer($session, $pdu);
  }
  close $session;
}
